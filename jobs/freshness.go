package jobs

import (
	"fmt"
	"time"

	"zhicang/ingest"
	"zhicang/jobs/notice"
)

// level judges an age by a promise.
func level(p ingest.Promise, age time.Duration) string {
	switch {
	case p.ErrorAfter > 0 && age > p.ErrorAfter:
		return notice.Error
	case p.WarnAfter > 0 && age > p.WarnAfter:
		return notice.Warn
	}
	return notice.OK
}

// A Stand is how a source stands against one of its promises.
type Stand struct {
	Level  string `json:"level"` // as of notices: ok, warn, error
	Title  string `json:"title"` // one line in Chinese
	Detail string `json:"detail"`
}

// Judge holds a source against its promises. loaded is the last time that it
// was read without an error, newest the newest day in its data; zero for never.
// since is when the source was first known, from which a source that never came
// is late.
func Judge(f ingest.Freshness, name string, loaded, newest, since, now time.Time) (byLoad, byData Stand) {
	from := loaded
	if from.IsZero() {
		from = since
	}
	age := now.Sub(from)
	byLoad = Stand{Level: level(f.Loaded, age), Title: fmt.Sprintf("来源 %s 已%s没有读到", name, words(age)), Detail: "最近一次读到：" + orNever(loaded, "2006-01-02 15:04") + "。请查看 zhicang status 里该来源的失败原因。"}
	from = since
	if !newest.IsZero() {
		from = newest.AddDate(0, 0, 1)
	}
	age = now.Sub(from)
	byData = Stand{Level: level(f.Data, age), Title: fmt.Sprintf("来源 %s 的数据已%s没有更新", name, words(age)), Detail: "数据最新日：" + orNever(newest, time.DateOnly) + "。来源能读到而没有新数据，请联系提供数据的部门。"}
	if byLoad.Level == notice.OK {
		byLoad.Title = fmt.Sprintf("来源 %s 又能按时读到了", name)
	}
	if byData.Level == notice.OK {
		byData.Title = fmt.Sprintf("来源 %s 又有新数据了", name)
	}
	return byLoad, byData
}

func orNever(t time.Time, layout string) string {
	if t.IsZero() {
		return "从未"
	}
	return t.Format(layout)
}

// words says an age as a person would.
func words(d time.Duration) string {
	if d >= 72*time.Hour {
		return fmt.Sprintf(" %d 天", int(d.Hours()/24))
	}
	if d >= time.Hour {
		return fmt.Sprintf(" %d 小时", int(d.Hours()))
	}
	return fmt.Sprintf(" %d 分钟", int(d.Minutes()))
}
