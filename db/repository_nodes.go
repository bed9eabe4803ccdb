package db

import (
	"context"

	"gorm.io/gorm/clause"
)

// RepositoryNode is a row of repository_nodes: in which node's data folder a repository lies. There are such rows on a
// PostgreSQL server alone, where several nodes may be.
type RepositoryNode struct {
	RepositoryID string `gorm:"primaryKey"`
	Node         string
}

// TableName names the table.
func (RepositoryNode) TableName() string { return "repository_nodes" }

// Nodes is the store of repository_nodes.
type Nodes struct{ on conn }

// List is in which node's folder each repository lies, by repository id. One that nobody has adopted is not in it.
func (s Nodes) List(ctx context.Context) (map[string]string, error) {
	var rows []RepositoryNode
	err := s.on.reader(ctx).Find(&rows).Error
	of := make(map[string]string, len(rows))
	for _, r := range rows {
		of[r.RepositoryID] = r.Node
	}
	return of, translate(err)
}

// Adopt says that repositories lie in a node's folder; ErrInUse where one of them is not there.
func (s Nodes) Adopt(ctx context.Context, node string, repositoryIDs ...string) error {
	if len(repositoryIDs) == 0 {
		return nil
	}
	rows := make([]RepositoryNode, len(repositoryIDs))
	for i, id := range repositoryIDs {
		rows[i] = RepositoryNode{RepositoryID: id, Node: node}
	}
	return s.on.inTx(ctx, func(tx *Tx) error {
		return translate(tx.reader(ctx).Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "repository_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"node"}),
		}).CreateInBatches(rows, 200).Error)
	})
}
