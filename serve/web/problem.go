package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"zhicang/serve/reader"
	"zhicang/warehouse"
)

// A problem is what a page says instead of what was asked for.
type problem struct {
	status      int
	title, hint string
	back        string // the address of a board to begin anew from; empty: the first page
	final       bool   // leads nowhere
	detail      string // for who looks after the boards: a file, a line, what is wrong with it
	err         error  // for the log; never shown
}

func (p *problem) Error() string { return p.title }
func (p *problem) Unwrap() error { return p.err }

func notFound(title, hint string) error {
	return &problem{status: http.StatusNotFound, title: title, hint: hint}
}

// problemOf tells a reader of the pages what an error means. What is unknown
// is not shown: it goes to the log.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &problem{status: 499, title: "请求已取消", err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{status: http.StatusGatewayTimeout, title: "查询超时", hint: "请缩小范围后再试", err: err}
	}
	if errors.Is(err, warehouse.ErrNothingPublished) {
		return &problem{status: http.StatusServiceUnavailable, title: "还没有发布过数据", hint: "管理员运行 zhicang run 发布之后，这里会自动出现", err: err}
	}
	if errors.Is(err, reader.ErrDamaged) {
		return &problem{status: http.StatusServiceUnavailable, title: "数据文件损坏", hint: "发布文件或磁盘有损坏，部分内容读不出来；管理员运行 zhicang run 重新发布后自动恢复", err: err}
	}
	if code := reader.Code(err); code != unknownCode {
		return problemOfState(code, err)
	}
	return &problem{status: http.StatusInternalServerError, title: "出错了", hint: "已记入日志，请联系管理员", err: err}
}

// unknownCode is what the reader calls an error that it can't tell.
const unknownCode = "XX000"

// problemOfState puts the classes of SQLSTATE that the reader answers with into
// words.
func problemOfState(state string, err error) *problem {
	p := &problem{status: http.StatusInternalServerError, title: "查询失败", hint: "已记入日志，请联系管理员", err: err}
	switch {
	case state == "57014":
		p.status, p.title, p.hint = http.StatusGatewayTimeout, "查询超时", "请缩小范围后再试"
	case strings.HasPrefix(state, "57P"):
		p.status, p.title, p.hint = http.StatusServiceUnavailable, "数据暂不可读", "发布文件缺失、损坏或版本不符；管理员运行 zhicang run 后自动恢复"
	case strings.HasPrefix(state, "53"):
		p.status, p.title, p.hint = http.StatusTooManyRequests, "正忙", "同时进行的查询太多，请稍候刷新"
	case state == "42501":
		p.status, p.title, p.hint = http.StatusForbidden, "无权查看", "本账号的领域或区划不含这些数据"
	case state == "42P01", state == "42703":
		p.title, p.hint = "看板与数据不一致", "看板用到的表或列已不在发布文件里（"+err.Error()+"）；管理员可运行 zhicang boards check"
	}
	return p
}

// fail answers with a page, or for scripts with JSON, that says what is wrong.
func (s *Server) fail(v *visit, err error) {
	p := problemOf(err)
	if p.status >= 500 && p.err != nil {
		s.o.Log.Error("page failed", "path", v.r.URL.Path, "account", v.account.Name, "err", p.err)
	}
	if wantsRows(v.r) {
		v.writeJSON(p.status, &answer{State: "failed", Message: p.title, Hint: p.hint})
		return
	}
	s.show(v, p.status, "problem", p.title, problemView{p.title, p.hint, p.back, p.detail, p.final})
}

func (v *visit) writeJSON(status int, value any) {
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.WriteHeader(status)
	json.NewEncoder(v.w).Encode(value) // the reader may be gone; nobody is left to tell
}
