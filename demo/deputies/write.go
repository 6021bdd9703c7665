package deputies

import (
	"fmt"
	"path/filepath"
	"strconv"

	"zhicang/demo/office"
	"zhicang/demo/yunxi"
)

// repeated says how often a row is delivered twice.
const repeated = 90

func (w *world) broken(source, file string, row int, why string) {
	w.truth.Broken = append(w.truth.Broken, Broken{source, file, row, why})
}

func (w *world) file(folder, name string) string { return filepath.Join(w.dir, folder, name) }

// updated is the day on which the offices told of everything.
func (w *world) updated() string { return w.truth.AsOf }

// perYear writes a file of each year.
func (w *world) perYear(write func(year int, name string) error) error {
	for year := range years {
		if err := write(year, strconv.Itoa(w.year(year))); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) writeRegister() error {
	s, err := office.NewForm("云溪县各级人大代表名册(虚构)",
		[]string{"序号", "姓名", "身份证号", "代表层级", "编组区划", "代表小组", "联络站", "任期", "任期", "更新日期"},
		[]string{"", "", "", "", "", "", "", "起", "止", ""})
	if err != nil {
		return err
	}
	n := 0
	for _, d := range w.deputies {
		for _, t := range d.terms {
			n++
			if err := s.AddFilled(n, d.name, d.id, t.level, t.region, t.group, d.station.id, office.Date(t.from), office.Date(t.to), w.updated()); err != nil {
				return err
			}
		}
	}
	odd := w.person(w.Deputies + 1)
	if err := s.AddFilled(n+1, odd.name, odd.id, "国", yunxi.Code, "", "", w.updated(), "", w.updated()); err != nil {
		return err
	}
	w.broken("deputy_register", "名册.xlsx", s.Row, "没有这一级")
	if err := s.AddFilled(n+2, odd.name, yunxi.WrongCheck(odd.id), "县", yunxi.Code, "", "", w.updated(), "", w.updated()); err != nil {
		return err
	}
	w.broken("deputy_register", "名册.xlsx", s.Row, "身份证校验码不符")
	return s.Save(w.file("代表名册", "名册.xlsx"))
}

func (w *world) writeStations() error {
	l := office.NewList("编号", "名称", "区划代码", "启用日期", "停用日期", "更新日期")
	for _, s := range w.stations {
		l.Add(s.id, s.name, office.AsText(s.region), office.Date(w.day(0, 1, 1).AddDate(-2, 0, 0)), "", w.updated())
	}
	return l.SaveGB(w.file("联络站", "联络站.csv"))
}

// writeDuties writes the duty logs, some digits of a wrong width, and a line of
// sums at the foot.
func (w *world) writeDuties() error {
	return w.perYear(func(year int, name string) error {
		s, err := office.NewForm(name+"年代表履职登记(虚构)",
			[]string{"登记编号", "代表", "代表", "履职类别", "层级", "联络站", "日期", "天数", "数量", "登记日期"},
			[]string{"", "姓名", "身份证号", "", "", "", "", "", "", ""})
		if err != nil {
			return err
		}
		var tenths int
		put := func(d duty, id, on, days string) error {
			if x, err := strconv.ParseFloat(d.days, 64); err == nil {
				tenths += int(x*10 + 0.5)
			}
			quantity := ""
			if d.quantity > 0 {
				quantity = strconv.Itoa(d.quantity)
			}
			return s.AddFilled(d.id, d.by.name, id, d.kind, d.level, d.station, on, days, quantity, office.Date(d.on.AddDate(0, 0, 1)))
		}
		for i, d := range w.duties[year] {
			days := d.days
			if i%41 == 0 {
				days = office.FullWidth(days)
			}
			if err := put(d, d.by.id, office.Date(d.on), days); err != nil {
				return err
			}
			if i%repeated == 7 {
				w.truth.Duplicates++
				if err := put(d, d.by.id, office.Date(d.on), d.days); err != nil {
					return err
				}
			}
		}
		odd := duty{id: w.number("LZ", year), by: w.deputies[municipal], kind: "走访联系", on: w.day(year, 5, 5), days: "1"}
		if err := put(odd, yunxi.WrongCheck(odd.by.id), office.Date(odd.on), odd.days); err != nil {
			return err
		}
		w.broken("deputy_duty", name+".xlsx", s.Row, "身份证校验码不符")
		odd.id = w.number("LZ", year)
		if err := put(odd, odd.by.id, name+"-02-30", odd.days); err != nil {
			return err
		}
		w.broken("deputy_duty", name+".xlsx", s.Row, "没有这一天")
		w.truth.Totals++
		if err := s.AddFilled("合计", "", "", "", "", "", "", fmt.Sprintf("%d.%d", tenths/10, tenths%10), "", ""); err != nil {
			return err
		}
		return s.Save(w.file("履职登记", name+".xlsx"))
	})
}

func (w *world) writeProposals() error {
	return w.perYear(func(year int, name string) error {
		l := office.NewList("编号", "类别", "方式", "层级", "区划代码", "姓名", "身份证号", "标题", "提出日期", "受理日期", "答复期限", "答复日期", "办理结果", "代表评价", "更新日期")
		put := func(p proposal, level string) {
			l.Add(p.id, p.kind, p.role, level, p.region, p.by.name, office.AsText(p.by.id), p.title, office.Date(p.on), office.Date(p.accepted), office.Date(p.due), office.Date(p.answered), p.result, p.satisfaction, w.updated())
		}
		for i, p := range w.proposals[year] {
			put(p, p.level)
			if i%repeated == 11 {
				w.truth.Duplicates++
				put(p, p.level)
			}
		}
		odd := w.proposals[year][0]
		odd.id = w.number("JY", year)
		put(odd, "全国")
		w.broken("deputy_proposal", name+".csv", l.Line, "没有这一级")
		return l.SaveBOM(w.file("议案建议", name+".csv"))
	})
}

type personLine struct {
	ID   string `json:"id_card"`
	Name string `json:"name"`
}

type activityLine struct {
	Activity string     `json:"activity"`
	Kind     string     `json:"kind"`
	Level    string     `json:"level"`
	HeldOn   string     `json:"held_on"`
	Days     string     `json:"days"`
	Deputy   personLine `json:"deputy"`
	Expected bool       `json:"expected"`
	Attended bool       `json:"attended"`
	Updated  string     `json:"updated_on"`
}

func (w *world) writeActivities() error {
	return w.perYear(func(year int, name string) error {
		var lines []any
		for i, a := range w.activity[year] {
			line := activityLine{a.id, a.kind, a.level, office.Date(a.on), a.days, personLine{a.by.id, a.by.name}, a.expected, a.attended, w.updated()}
			lines = append(lines, line)
			if i%repeated == 13 {
				w.truth.Duplicates++
				lines = append(lines, line)
			}
		}
		return office.SaveLines(w.file("代表活动", name+".jsonl"), lines)
	})
}

func (w *world) writeTrainings() error {
	return w.perYear(func(year int, name string) error {
		l := office.NewList("培训编号", "姓名", "身份证号", "开班日期", "天数", "更新日期")
		for i, t := range w.trainings[year] {
			days := strconv.Itoa(t.days)
			if i%3 == 0 {
				days = office.FullWidth(days)
			}
			l.Add(t.id, t.by.name, office.AsText(t.by.id), office.Date(t.on), days, w.updated())
		}
		return l.SaveGB(w.file("代表培训", name+".csv"))
	})
}

func (w *world) writeMeetings() error {
	return w.perYear(func(year int, name string) error {
		s, err := office.NewForm(name+"年会议出席情况(虚构)",
			[]string{"会议编号", "会议", "层级", "姓名", "身份证号", "会期首日", "半天数", "半天数", "半天数", "发言次数", "更新日期"},
			[]string{"", "", "", "", "", "", "会期", "请假", "缺席", "", ""})
		if err != nil {
			return err
		}
		for _, m := range w.meetings[year] {
			if err := s.AddFilled(m.id, m.kind, m.level, m.by.name, m.by.id, office.Date(m.on), m.halfDays, m.leave, m.absent, m.speeches, w.updated()); err != nil {
				return err
			}
		}
		return s.Save(w.file("会议", name+".xlsx"))
	})
}

type handlingLine struct {
	Accepted     string `json:"accepted_on"`
	Due          string `json:"due_on"`
	Finished     string `json:"finished_on"`
	Satisfaction string `json:"satisfaction"`
}

type opinionLine struct {
	ID       string       `json:"id"`
	Station  string       `json:"station"`
	Channel  string       `json:"channel"`
	Deputy   personLine   `json:"deputy"`
	Recorded string       `json:"recorded_on"`
	Handling handlingLine `json:"handling"`
	Updated  string       `json:"updated_on"`
}

func (w *world) writeOpinions() error {
	return w.perYear(func(year int, name string) error {
		var lines []any
		for _, o := range w.opinions[year] {
			line := opinionLine{
				ID: o.id, Station: o.station, Channel: "联络站二维码", Recorded: office.Date(o.on),
				Handling: handlingLine{office.Date(o.accepted), office.Date(o.due), office.Date(o.finished), o.satisfaction}, Updated: w.updated(),
			}
			if o.by != nil {
				line.Channel, line.Deputy = "代表钉", personLine{o.by.id, o.by.name}
			}
			lines = append(lines, line)
		}
		return office.SaveLines(w.file("代表钉", name+".jsonl"), lines)
	})
}
