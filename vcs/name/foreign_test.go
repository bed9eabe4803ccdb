package name

import (
	"strings"
	"testing"
)

func TestNothingNewStandsWhereBuildsSpeakOfCommits(t *testing.T) {
	for path, ok := range map[string]bool{
		"api/v1": false, "api/v3/repos": false, "API/V1/x": false, "api/v1/repos/team/app": false,
		"api": true, "api/v2/x": true, "api/v10": true, "team/api/v1": true, "apis/v1": true, "v1/api": true,
	} {
		if _, err := Repository(path); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "choose another word for") {
			t.Errorf("%q: %v", path, err)
		}
	}
	// What was made there before is found as ever.
	if repo, rest := Cut("api/v1/repos/team/app/info/refs"); repo != "api/v1/repos/team/app" || rest != "info/refs" {
		t.Errorf("cut into %q and %q", repo, rest)
	}
}
