package wire

import "testing"

func TestMethodsAreDeclaredWithoutAStore(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Declared() {
		if names[m.Name] {
			t.Errorf("%s is declared twice", m.Name)
		}
		names[m.Name] = true
	}
	if !names["get_method"] || !names["get_ip"] {
		t.Errorf("got %v", names)
	}
}
