package wire

import (
	"math"
	"path/filepath"

	"jeton/vcs/pack/ingest"
	"jeton/vcs/receive"
	"jeton/vcs/receive/secrets"
)

// receiveOptions are the settings of pushes, and the secret of signed ones.
func (s *Store) receiveOptions() (receive.Options, error) {
	o := receive.Options{Log: s.Log, NonceSlop: s.settings.Duration("receive.cert_nonce_slop"), Limits: receive.Limits{
		Pack: ingest.Limits{
			Pack: s.settings.Bytes("receive.max_pack"), Blob: s.settings.Bytes("receive.max_blob"),
			Inflated: s.settings.Bytes("receive.max_inflated"), Memory: s.settings.Bytes("receive.memory"),
			Tree: s.settings.Bytes("receive.max_tree"), Commit: s.settings.Bytes("receive.max_commit"),
			Objects:    uint32(min(s.settings.Number("receive.max_objects"), math.MaxUint32)),
			DeltaChain: s.bounded("receive.max_delta_chain"),
		},
		Objects:  receive.Objects{Path: s.bounded("receive.max_path"), TreeEntries: s.bounded("receive.max_tree_entries")},
		Commands: s.bounded("receive.max_refs"), RefName: s.bounded("receive.max_ref_name"),
		Options:     s.bounded("receive.max_push_options"),
		OptionBytes: int(min(s.settings.Bytes("receive.max_push_option_bytes"), math.MaxInt32)),
		Walk:        s.bounded("receive.max_walk"), Pushes: s.bounded("receive.concurrent"), Drain: s.settings.Bytes("receive.drain"),
		PushesPerActor: s.bounded("receive.max_pushes_per_actor"), CommandMemory: s.settings.Bytes("receive.command_memory"),
		Time: s.settings.Duration("receive.timeout"), DrainTime: s.settings.Duration("server.drain_time"),
	}}
	key, err := secret(filepath.Join(s.Dir, "findings.key"))
	if err != nil {
		return o, err
	}
	o.RevokeFound = s.settings.On("receive.revoke_found")
	o.Secrets = secrets.New(secrets.Options{Tokens: found{s.Tokens}, Key: key,
		MaxBlob: s.settings.Bytes("receive.secrets_max_blob"), Time: s.settings.Duration("receive.secrets_time")})
	if !s.settings.On("receive.signed_pushes") {
		return o, nil
	}
	o.NonceKey, err = secret(filepath.Join(s.Dir, "push-nonce.key"))
	return o, err
}

// bounded is a setting that counts things which are held in memory.
func (s *Store) bounded(key string) int { return int(min(s.settings.Number(key), math.MaxInt32)) }
