package newword

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// looksLikeName reports a family name with one or two characters behind it.
func (f *finder) looksLikeName(word string) bool {
	return slices.ContainsFunc(f.opt.Surnames, func(surname string) bool {
		given, ok := strings.CutPrefix(word, surname)
		n := utf8.RuneCountInString(given)
		return ok && (n == 1 || n == 2)
	})
}

// introduced reports whether what stands before or behind a word makes it a
// person: 我叫…, 联系人:…, …女士, …局长.
func introduced(before, after string) bool {
	before = strings.TrimRight(before, ":\uff1a \u3000是为")
	for _, s := range [...]string{"我叫", "名叫", "本人", "姓名", "联系人", "业主", "村民", "书记", "主任", "局长", "老师", "医生", "儿子", "女儿"} {
		if strings.HasSuffix(before, s) {
			return true
		}
	}
	for _, s := range [...]string{"先生", "女士", "小姐", "同志", "书记", "主任", "局长", "镇长", "村长", "老师", "医生", "师傅", "经理", "校长", "所长"} {
		if strings.HasPrefix(after, s) {
			return true
		}
	}
	return false
}
