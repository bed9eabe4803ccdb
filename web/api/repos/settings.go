package repos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jeton/auth/access"
	"jeton/vcs/host"
	"jeton/vcs/rules"
	"jeton/web/api/method"
)

// facts are RhodeCode's settings of a repository whose meaning Jeton has once and for all: each with what it always is, and why.
var facts = []struct {
	key string
	is  bool
	why string
}{
	{"hooks_changegroup_push_logger", true, "every push is kept in the journal"},
	{"hooks_changegroup_repo_size", false, "nobody is told sizes when they push"},
	{"hooks_outgoing_pull_logger", false, "fetches are not recorded one by one"},
	{"rhodecode_pr_merge_enabled", false, "there are no pull requests"},
	{"rhodecode_use_outdated_comments", false, "there are no pull requests"},
	{"vcs_git_lfs_enabled", false, "LFS is not served yet"},
}

// getSettings declares get_repo_settings.
func (s *server) getSettings() method.Method {
	type args struct {
		Repo method.Ref `arg:"repoid" doc:"Name or id of the repository."`
		Key  string     `arg:"key,optional" doc:"Only this one's value; null where there is no such setting." max:"200"`
	}
	return method.Of(method.Method{
		Name: "get_repo_settings", Doc: "Tells the settings of a repository: its own, in the words of jeton repo set, and those of RhodeCode's that are what they are here.",
		On: onRepo(access.Admin), Example: `{"repoid": "team/app"}`, REST: "GET repos/{repoid}/settings",
		Fails: []string{"repository `team/app` does not exist"},
	}, func(_ context.Context, c *method.Call, in args) (any, error) {
		own, err := s.o.Rules.Own(c.Repo.ID)
		if err != nil {
			return nil, err
		}
		all := own.Settings()
		for _, f := range facts {
			all[f.key] = f.is
		}
		if in.Key != "" {
			return all[in.Key], nil
		}
		return all, nil
	})
}

// setSettings declares set_repo_settings.
func (s *server) setSettings() method.Method {
	type args struct {
		Repo     method.Ref     `arg:"repoid" doc:"Name or id of the repository."`
		Settings map[string]any `arg:"settings" doc:"New values by setting; null takes back what was set. What is not named stays."`
	}
	return method.Of(method.Method{
		Name: "set_repo_settings", Doc: "Changes settings of a repository, all of them or none. It takes what get_repo_settings tells.",
		On: onRepo(access.Admin), Changes: true, Example: `{"repoid": "team/app", "settings": {"receive.deny_force": true}}`, REST: "PATCH repos/{repoid}/settings",
		Fails: []string{"repository `team/app` does not exist", "a repository has no setting \"x\""},
	}, func(ctx context.Context, c *method.Call, in args) (bool, error) {
		changes, err := assignments(in.Settings)
		if err != nil {
			return false, err
		}
		err = s.o.Rules.Change(ctx, c.Actor, host.Repo{ID: c.Repo.ID, Path: c.Repo.Path}, "repository.set", strings.Join(changes, " "), func(r *rules.Rules) error {
			for _, a := range changes {
				if err := r.Set(a); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.Is(err, rules.ErrBad) {
			return false, method.Fail(method.Invalid, "%v", err)
		}
		return err == nil, gone(err, c)
	})
}

// assignments are settings as KEY=VALUE, sorted. What always is as it is said to be is passed over.
func assignments(settings map[string]any) ([]string, error) {
	var list []string
	for key, value := range settings {
		if i := slices.IndexFunc(facts, func(f struct {
			key string
			is  bool
			why string
		}) bool {
			return f.key == key
		}); i >= 0 {
			if value != nil && fmt.Sprint(value) != fmt.Sprint(facts[i].is) {
				return nil, method.Fail(method.Invalid, "%s is always %v: %s", key, facts[i].is, facts[i].why)
			}
			continue
		}
		text, err := method.Setting(value, ",")
		if err != nil {
			return nil, method.Fail(method.Invalid, "%s: %v", key, err)
		}
		list = append(list, key+"="+text)
	}
	slices.Sort(list)
	return list, nil
}
