package receive

import (
	"fmt"

	"jeton/vcs/receive/secrets"
	"jeton/vcs/rules"
)

// tellLeaks tells the pusher, beside the report, of all secrets that were found and of what was not looked through; once.
// Tokens of this server are revoked here, where the server is set to: they have been seen by another program.
func (p *push) tellLeaks() {
	l := &p.leaks
	if l.scan == nil || l.told {
		return
	}
	l.told = true
	var own []string
	for _, leak := range l.list {
		if leak.Own() {
			own = append(own, leak.Token)
		}
	}
	end := "revoke it now, and give it a successor"
	if p.revoke(own) {
		end = "it was revoked just now"
	}
	if p.band == nil {
		return
	}
	say := func(format string, args ...any) { _ = p.band.Progress(fmt.Sprintf(format, args...) + "\n") }
	for _, leak := range l.list[:min(maxLeaks, len(l.list))] {
		if leak.Own() {
			say("error: a live token of this server, %s, is in %s; %s", leak.What, leak.where, end)
			continue
		}
		say("%s: a secret seems to be in %s: %s", p.gravity(), leak.where, leak.Rule)
		say("  %s", leak.What)
		if p.rules.Secrets == rules.SecretsRefuse && !p.rules.NoSkip {
			say("  if it is none, or may be seen by everybody who reads this: git push -o %s%s", skipOption, leak.ID)
		}
	}
	if n := len(l.list) - maxLeaks; n > 0 {
		say("%s: and %d more secrets like these", p.gravity(), n)
	}
	for _, what := range notLooked(l.scan.Left()) {
		say("warning: %s", what)
	}
}

// gravity is how git introduces what becomes of other people's secrets.
func (p *push) gravity() string {
	if p.rules.Secrets == rules.SecretsRefuse {
		return "error"
	}
	return "warning"
}

// notLooked says what was not looked through.
func notLooked(left secrets.Left) (list []string) {
	if left.Late > 0 {
		list = append(list, fmt.Sprintf("%d objects were not looked through for secrets, since that took too long (receive.secrets_time)", left.Late))
	}
	if left.Large > 0 {
		list = append(list, fmt.Sprintf("%d files were too large to be looked through for secrets (receive.secrets_max_blob)", left.Large))
	}
	if left.More {
		list = append(list, "more secrets were found than can be told")
	}
	return list
}

// SecretNote begins the notes of an Entry that are about secrets.
const SecretNote = "secret"

// leakNotes are what the journal keeps: "secret-skipped ID" of what the pusher went past, "secret-warned ID RULE COMMIT" of
// what he was told of, and what was not looked through.
func (p *push) leakNotes() (list []string) {
	l := &p.leaks
	if l.scan == nil {
		return nil
	}
	for id, rule := range p.passed() {
		list = append(list, SecretNote+"-skipped "+id+" "+rule)
	}
	for _, leak := range l.list[:min(maxLeaks, len(l.list))] {
		if !leak.Own() && p.rules.Secrets != rules.SecretsRefuse {
			list = append(list, SecretNote+"-warned "+leak.ID+" "+leak.Rule+" "+leak.place.Commit.String())
		}
	}
	for _, what := range notLooked(l.scan.Left()) {
		list = append(list, SecretNote+"s: "+what)
	}
	return list
}

// passed are the findings that the pusher went past, with their rules.
func (p *push) passed() map[string]string {
	passed := map[string]string{}
	for _, list := range p.leaks.scan.Found() {
		for _, f := range list {
			if !f.Own() && p.skips(f.ID) {
				passed[f.ID] = f.Rule
			}
		}
	}
	return passed
}
