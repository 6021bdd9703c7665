package segment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ego/gse"
)

// letter is an invented message in the manner of those that a county receives.
const letter = `尊敬的领导:您好!我是滨江花园小区的业主。小区门口的烧烤摊每天晚上摆到凌晨两点,油烟直接飘进家里,孩子咳嗽了一个多月,` +
	`我们多次拨打12345,城管来过两次,走了以后照旧。另外,2023年6月以来地下车库积水严重,物业只收费不办事,` +
	`物业费从每平方米1.6元涨到2.4元,业委会换届也一直拖着。小区里飞线充电很普遍,三栋楼的楼道堆满电动自行车,消防通道被占,` +
	`万一出事谁负责?恳请有关部门实地查看,督促整改,给居民一个安静、安全的环境。联系电话〔电话〕,谢谢!` + "\n" +
	`我们村到镇上的公交车一天只有三班,老人去卫生院看病、学生周末回家都要等两个小时,能不能在上下班时间加开一班?` +
	`另外去年修的那条水泥路已经裂了,雨天积水,晚上没有路灯,摔过好几个人。希望交通局和镇政府给个答复。` + "\n"

// benchText is the invented letter over and over, whose words soon stand in
// the processor's cache, or the public messages where they are there: real
// text has more words, and everything is slower on it.
func benchText(b *testing.B) string {
	dir := os.Getenv("ZHICANG_PUBLIC_DATA")
	if dir == "" {
		return strings.Repeat(letter, 20)
	}
	data, err := os.ReadFile(filepath.Join(dir, "taidi_c_2020", "labelled_messages_dev.csv"))
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

func BenchmarkCut(b *testing.B) {
	text := benchText(b)
	s := shippedSegmenter(b)
	general := gse.Segmenter{SkipLog: true, NotLoadHMM: true, SkipSubSeg: true}
	if err := general.LoadDictEmbed("zh_s"); err != nil {
		b.Fatal(err)
	}
	var buf []string
	for _, bench := range []struct {
		name string
		cut  func()
	}{
		{"gse", func() { general.Cut(text) }},
		{"Cut", func() { s.Cut(text) }},
		{"AppendCut", func() { buf = s.AppendCut(buf[:0], text) }},
		{"AppendTerms", func() { buf = s.AppendTerms(buf[:0], text) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				bench.cut()
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	lex := shipped(b)
	b.ReportAllocs()
	for b.Loop() {
		mustNew(b, lex)
	}
}
