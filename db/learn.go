package db

import (
	"fmt"

	"gorm.io/gorm"
)

// rowTypes are the rows of all tables.
func rowTypes() []any {
	return []any{User{}, UserGroup{}, UserGroupMember{}, Group{}, Repository{}, OldName{}, Permission{}, RepositoryRules{}, RepositoryNode{}, storedToken{},
		TokenRepository{}, tokenUse{}, SSHKey{}, Plugin{}, Identity{}, JournalEntry{}, JournalCursor{}, AuditEntry{}, changeRow{}}
}

// learn has gorm read the types of all rows before anybody uses a database. It would do so when it meets each for the
// first time, where two goroutines that meet one at once race for it (gorm 1.31, schema.ParseWithSpecialTableName).
func learn(g *gorm.DB) error {
	for _, row := range rowTypes() {
		if err := (&gorm.Statement{DB: g}).Parse(row); err != nil {
			return fmt.Errorf("read the type %T: %w", row, err)
		}
	}
	return nil
}
