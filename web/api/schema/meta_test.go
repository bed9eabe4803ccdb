package schema

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"jeton/web/api/schema/schematest"
)

func documents(t *testing.T) (rpc, api []byte) {
	t.Helper()
	s := Server{URL: "https://code.example.com", Version: "1.2"}
	rpc, err := OpenRPC(sample(), s)
	if err != nil {
		t.Fatal(err)
	}
	if api, err = OpenAPI(sample(), s); err != nil {
		t.Fatal(err)
	}
	return rpc, api
}

func TestDocumentsAreValidByTheirStandards(t *testing.T) {
	rpc, api := documents(t)
	if n := schematest.Valid(t, rpc, schematest.OpenRPC); n < 15 {
		t.Errorf("only %d schemas of the OpenRPC document were looked at", n)
	}
	if n := schematest.Valid(t, api, schematest.OpenAPI); n < 15 {
		t.Errorf("only %d schemas of the OpenAPI document were looked at", n)
	}
}

// What encoding/json writes of a result fits the schema of its type, empty and full, in both drafts.
func TestResultsFitTheirSchemas(t *testing.T) {
	rpc, api := documents(t)
	now := time.Now()
	full := reply{Owner: &owner{"ada"}, Members: []owner{{"bob"}}, Last: &now, Counts: map[string]int{"a": 1}, Rights: map[string]rights{"b": {true}}, Any: []int{1},
		Raw: json.RawMessage(`{"x": null}`), Bytes: []byte{1, 2}, Parent: &reply{Counts: map[string]int{}, Rights: map[string]rights{}, Bytes: []byte{}}, Ratio: 0.5}
	for _, v := range []reply{*full.Parent, full} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range sorted(sample()) {
			if m.Name == "get_thing" {
				schematest.Fits(t, rpc, schematest.OpenRPC, fmt.Sprintf("/methods/%d/result/schema", i), text)
			}
		}
		schematest.Fits(t, api, schematest.OpenAPI, "/paths/"+schematest.Escape("/repos/{repoid}")+"/get/responses/200/content/application~1json/schema", text)
	}
}
