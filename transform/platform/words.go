package platform

import "strings"

// What the ledger calls things, in the words of the tables' readers. The
// contracts list the same words as accepted; a test holds the two together.

// runKinds are what runs are called, by the command that began them.
var runKinds = map[string]string{
	"run": "日常运行", "backfill": "重建", "review": "处置导入", "retention": "到期删除", "compact": "文件合并",
	"replay": "隔离重放",
}

// rules are what the loader's rules are called.
var rules = map[string]string{
	"required": "必填", "type": "格式", "future": "晚于装载", "accepted": "取值范围", "pattern": "编码格式",
	"min": "最小值", "max": "最大值", "id_card": "身份证号", "credit_code": "统一社会信用代码", "region": "行政区划",
	"unread": "未读字段", "undecodable": "无法解码",
}

// word is a word of the ledger's in Chinese. One that is not known stays: it is
// better seen than lost.
func word(words map[string]string, of string) string {
	if w, ok := words[of]; ok {
		return w
	}
	return of
}

// inChinese puts the runner's reasons into the words of the board's readers.
// What it does not know, such as an error, stays as it is.
func inChinese(reason string) string {
	known := map[string]string{
		"never built":         "从未建过",
		"a month that is new": "新的月份",
		"its SQL, step, contract or parameters changed": "口径、模型或参数有改动",
		"asked for":   "按要求重建",
		"no data yet": "尚无数据",
	}
	if words, ok := known[reason]; ok {
		return words
	}
	if tables, ok := strings.CutPrefix(reason, "new data in "); ok {
		return "有新数据：" + strings.ReplaceAll(tables, ", ", "、")
	}
	if table, ok := strings.CutPrefix(reason, "upstream "); ok {
		return "上游 " + strings.TrimSuffix(table, " failed") + " 失败"
	}
	return reason
}
