package privacy

import "testing"

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		kind string
		mask func([]byte, string) []byte
		in   string
		want string
	}{
		{"name", AppendMaskName, "张三丰", "张**"},
		{"name", AppendMaskName, " 李四 ", "李*"},
		{"name", AppendMaskName, "欧阳锋", "欧阳*"},
		{"name", AppendMaskName, "欧阳", "欧*"},
		{"name", AppendMaskName, "司马小光", "司马**"},
		{"name", AppendMaskName, "王", "*"},
		{"name", AppendMaskName, "", ""},
		{"name", AppendMaskName, "阿依古丽·买买提", "阿*******"},
		{"name", AppendMaskName, "Ann Lee", "A******"},
		{"phone", AppendMaskPhone, "13800001234", "138****1234"},
		{"phone", AppendMaskPhone, "+86 138-0000-1234", "138****1234"},
		{"phone", AppendMaskPhone, "１３８００００１２３４", "138****1234"},
		{"phone", AppendMaskPhone, "0571-87650000", "********0000"},
		{"phone", AppendMaskPhone, "66123", "*****"},
		{"phone", AppendMaskPhone, "", ""},
	} {
		if got := string(c.mask(nil, c.in)); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.kind, c.in, got, c.want)
		}
	}
}
