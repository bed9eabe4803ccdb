package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"jeton/cmd/jeton/control"
	"jeton/cmd/jeton/operate"
	"jeton/vcs/rules"
)

func (a *app) repoRules() *cobra.Command {
	return &cobra.Command{Use: "rules PATH", Short: "What holds for the clients of a repository", Args: exactly(1),
		Long: "Shows what was laid down for a repository with `repo set` and `repo protect`, and what holds together with the server's settings.\n\n" +
			"Lists: the server's come first and the repository's are added, and of hidden refs the later one wins. Switches are on where\n" +
			"either says so. Of protected patterns the first that matches a ref holds for it.",
		Example: "  jeton repo rules team/app\n  jeton repo rules team/app --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.rules", operate.Named{Name: args[0]}, showRules)
		}}
}

func (a *app) repoSet() *cobra.Command {
	return &cobra.Command{Use: "set PATH KEY=VALUE...", Short: "Lay down what clients of a repository may see and do",
		Long: "Sets rules of one repository, which hold besides the server's settings of the same name (jeton config). An empty value\n" +
			"takes back what was set. In force at once.\n\n" + rules.Keys,
		Example: "  jeton repo set team/app receive.deny_force=true fetch.hide_refs=refs/pull,!refs/pull/1\n  jeton repo set team/app fetch.hide_refs=",
		Args:    atLeast(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.set", operate.Setting{Path: args[0], Values: args[1:]}, showRules)
		}}
}

func (a *app) repoProtect() *cobra.Command {
	var p operate.Protecting
	c := &cobra.Command{Use: "protect PATH PATTERN", Short: "Protect branches: no force, no delete, and who may push", Args: exactly(2),
		Long: "Protects the refs of a pattern, in place of what was laid down for the same pattern. A pattern without refs/ is of branches:\n" +
			"main is refs/heads/main. * stands for any characters but a slash, ** for any at all, ? for one. Of several patterns that\n" +
			"match a ref, the first holds; --before puts a pattern before another.\n\n" +
			"Who may delete a ref and make it anew can set it to anything, in two pushes: --allow-delete without --no-create is\n" +
			"no protection from lost history.\n\n" +
			"token:ID stands for that token and all that it is rotated to, and for no other credential of its owner.",
		Example: "  jeton repo protect team/app main\n  jeton repo protect team/app 'release/*' --who ada --who bob\n" +
			"  jeton repo protect team/app main --who token:ID\n  jeton repo protect team/app 'refs/tags/**' --allow-force\n  jeton repo protect team/app release/next --allow-force --before 'release/*'",
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Path, p.Pattern = args[0], args[1]
			return call(a, cmd, "repo.protect", p, func(w io.Writer, b operate.Protected) {
				who := "whoever may write"
				if len(b.Who) > 0 {
					who = "only " + pushers(b.Who)
				}
				fmt.Fprintf(w, "Protected %s of %s: create %s, force %s, delete %s, pushed to by %s.\n", b.Pattern, p.Path,
					words(b.NoCreate, "refused", "allowed"), words(b.AllowForce, "allowed", "refused"), words(b.AllowDelete, "allowed", "refused"), who)
				if b.ShadowedBy != "" {
					fmt.Fprintf(w, "It is never looked at: %s stands before it and matches it too. To put it first: --before '%s'.\n", b.ShadowedBy, b.ShadowedBy)
				}
			})
		}}
	c.Flags().BoolVar(&p.AllowForce, "allow-force", false, "allow moves that are no fast-forward")
	c.Flags().BoolVar(&p.AllowDelete, "allow-delete", false, "allow that it is deleted")
	c.Flags().BoolVar(&p.NoCreate, "no-create", false, "refuse that refs are made which the pattern matches")
	c.Flags().StringArrayVar(&p.Who, "who", nil, "a user, key:ID of a deploy key or token:ID of a vcs token, who may push, and nobody else unless named too; can be given several times")
	c.Flags().StringVar(&p.Before, "before", "", "the protected pattern that this one is to stand before")
	return c
}

func (a *app) repoUnprotect() *cobra.Command {
	return &cobra.Command{Use: "unprotect PATH PATTERN", Short: "Take the protection of a pattern away", Args: exactly(2),
		Example: "  jeton repo unprotect team/app main",
		RunE: func(cmd *cobra.Command, args []string) error {
			return call(a, cmd, "repo.unprotect", operate.Unprotecting{Path: args[0], Pattern: args[1]},
				done("%s of %s is not protected any more.", args[1], args[0]))
		}}
}

// atLeast wants n arguments or more.
func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return control.Fail(control.Invalid, "usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// showRules prints what holds, and whether the repository or the server says so.
func showRules(w io.Writer, r operate.Rules) {
	var rows [][]string
	in, own := r.InForce, r.Own
	list := func(key string, all, mine []string) {
		for i, v := range all {
			rows = append(rows, []string{key, v, words(i < len(all)-len(mine), "server", "repository")})
		}
		if len(all) == 0 {
			rows = append(rows, []string{key, "-", "default"})
		}
	}
	one := func(key, value, unset, mine string) {
		from := "server"
		switch {
		case value == unset:
			from = "default"
		case mine == value:
			from = "repository"
		}
		rows = append(rows, []string{key, value, from})
	}
	list("fetch.hide_refs", in.HideRefs, own.HideRefs)
	one("fetch.wants", in.Wants, "reachable", own.Wants)
	list("fetch.bundles", bundleList(in.Bundles), bundleList(own.Bundles))
	one("receive.deny_deletes", fmt.Sprint(in.DenyDeletes), "false", fmt.Sprint(own.DenyDeletes))
	one("receive.deny_force", fmt.Sprint(in.DenyForce), "false", fmt.Sprint(own.DenyForce))
	one("receive.secrets", in.Secrets, "warn", own.Secrets)
	one("receive.secrets_no_skip", fmt.Sprint(in.NoSkip), "false", fmt.Sprint(own.NoSkip))
	list("receive.exempt", in.Exempt, own.Exempt)
	one("downloads", in.Downloads, "on", own.Downloads)
	table(w, "SETTING VALUE FROM", rows)
	fmt.Fprintln(w)
	showProtected(w, in.Protected)
}

func showProtected(w io.Writer, list []operate.Protected) {
	if len(list) == 0 {
		fmt.Fprintln(w, "No ref is protected.")
		return
	}
	var rows [][]string
	for _, p := range list {
		who := "whoever may write"
		if len(p.Who) > 0 {
			who = pushers(p.Who)
		}
		rows = append(rows, []string{p.Pattern, words(p.NoCreate, "refused", "allowed"), words(p.AllowForce, "allowed", "refused"),
			words(p.AllowDelete, "allowed", "refused"), who})
	}
	table(w, "PROTECTED CREATE FORCE DELETE WHO", rows)
}

func bundleList(list []operate.Bundle) []string {
	var all []string
	for _, b := range list {
		all = append(all, b.Name+"="+b.URI)
	}
	return all
}

// pushers are names; an id that nobody has any more is shown as such.
func pushers(list []operate.Pusher) string {
	var names []string
	for _, p := range list {
		if p.Name == "" {
			p.Name = "removed:" + p.ID
		}
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
