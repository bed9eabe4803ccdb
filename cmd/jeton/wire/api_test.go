package wire

import (
	"strings"
	"testing"
)

// TestMethodsAreDeclaredWithoutAStore makes the declarations as the client and the reference do, which have no server.
func TestMethodsAreDeclaredWithoutAStore(t *testing.T) {
	names := map[string]bool{}
	for _, m := range Declared() {
		if names[m.Name] {
			t.Errorf("%s is declared twice", m.Name)
		}
		names[m.Name] = true
	}
	for _, name := range strings.Fields(promised) {
		if !names[name] {
			t.Errorf("%s is not declared, and scripts call it", name)
		}
	}
}

// promised are the methods that scripts written for RhodeCode call, and those by which tokens and keys are administered.
const promised = `
get_repo get_repos get_repo_changeset get_repo_changesets get_repo_nodes get_repo_file get_repo_fts_tree get_repo_refs
create_repo update_repo fork_repo delete_repo invalidate_cache maintenance lock comment_commit get_repo_comments
grant_user_permission revoke_user_permission grant_user_group_permission revoke_user_group_permission pull
get_repo_settings set_repo_settings
get_repo_group get_repo_groups create_repo_group update_repo_group delete_repo_group
grant_user_permission_to_repo_group revoke_user_permission_from_repo_group
grant_user_group_permission_to_repo_group revoke_user_group_permission_from_repo_group
get_user get_users create_user update_user delete_user get_user_locks get_user_audit_logs
get_user_group get_user_groups create_user_group update_user_group delete_user_group
add_user_to_user_group remove_user_from_user_group
grant_user_permission_to_user_group revoke_user_permission_from_user_group
grant_user_group_permission_to_user_group revoke_user_group_permission_from_user_group
get_server_info get_ip get_method get_repo_store rescan_repos
get_auth_tokens create_auth_token rotate_auth_token revoke_auth_token explain_auth_token
get_ssh_keys add_ssh_key remove_ssh_key get_auth_plugins set_auth_plugin get_audit_log get_server_metrics
`
