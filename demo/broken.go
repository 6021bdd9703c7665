package demo

import (
	"strings"

	"zhicang/demo/yunxi"
)

// fault is what is wrong with a delivered row; none for a good one.
type fault int

const (
	none fault = iota
	missingBody
	badDate
	dateWord
	futureDate
	badID
	badLikes
	shortRow
	scientificID
	mojibake
	wrongType
	unknownChannel
)

// faultNames are the codes and descriptions that the truth lists.
var faultNames = [...]struct{ code, column, text string }{
	none:           {},
	missingBody:    {"missing_body", "body", "内容为空"},
	badDate:        {"bad_date", "submitted_at", "日期不存在:2月30日"},
	dateWord:       {"date_word", "submitted_at", "日期写成“昨天”"},
	futureDate:     {"future_date", "submitted_at", "日期在2099年"},
	badID:          {"bad_id", "submitter_id", "身份证号校验位错误"},
	badLikes:       {"bad_likes", "likes", "点赞数写成“很多”"},
	shortRow:       {"short_row", "", "单元格少于表头"},
	scientificID:   {"scientific_id", "opinion_id", "编号被表格软件改成科学计数"},
	mojibake:       {"mojibake", "body", "含无法解码的字节"},
	wrongType:      {"wrong_type", "likes", "点赞数是对象而不是数字"},
	unknownChannel: {"unknown_channel", "channel", "渠道不在约定之内"},
}

// faultsOf lists what can go wrong in each channel.
var faultsOf = [3][]fault{
	web:     {missingBody, badDate, dateWord, futureDate, badID, badLikes},
	hotline: {missingBody, badDate, dateWord, futureDate, badID, shortRow, scientificID, mojibake},
	station: {missingBody, badDate, futureDate, badLikes, badID, wrongType, unknownChannel},
}

// fault draws one of the channel's faults. A portal account that is no id
// number has no check character to be wrong.
func (w *monthWriter) fault(m *message) fault {
	from := faultsOf[m.from.channel]
	f := from[w.r.IntN(len(from))]
	if f == badID && m.from.channel == web && !strings.HasPrefix(m.from.account, yunxi.Code) {
		return missingBody
	}
	return f
}

// submitted writes the message's time, or what stands there instead.
func (m *message) submitted(layout string) string {
	switch m.broken {
	case badDate:
		return m.at.Format("2006") + "-02-30 10:15:00"
	case dateWord:
		return "昨天"
	case futureDate:
		return "2099-01-05 08:00:00"
	default:
		return m.at.Format(layout)
	}
}

// content is the body as it is delivered.
func (m *message) content() string {
	if m.broken == missingBody {
		return ""
	}
	return m.body
}

// idNumber is the writer's id number as it is delivered.
func (m *message) idNumber() string {
	if m.broken == badID {
		return yunxi.WrongCheck(m.from.id)
	}
	return m.from.id
}
