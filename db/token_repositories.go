package db

import "context"

// TokenRepository is a row of token_repositories: one repository that a bound token may touch.
type TokenRepository struct {
	TokenID      string `gorm:"primaryKey"`
	RepositoryID string `gorm:"primaryKey"`
}

// bindings reads which repositories tokens are bound to, by token id; of all tokens where no id is given.
func bindings(ctx context.Context, c conn, ids ...string) (map[string][]string, error) {
	q := c.reader(ctx).Order("token_id, repository_id")
	if len(ids) > 0 {
		q = q.Where("token_id IN ?", ids)
	}
	var rows []TokenRepository
	if err := q.Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	byToken := map[string][]string{}
	for _, r := range rows {
		byToken[r.TokenID] = append(byToken[r.TokenID], r.RepositoryID)
	}
	return byToken, nil
}

// bind stores the repositories of a token that is being inserted.
func bind(ctx context.Context, tx *Tx, tokenID string, repositories []string) error {
	if len(repositories) == 0 {
		return nil
	}
	rows := make([]TokenRepository, 0, len(repositories))
	for _, id := range repositories {
		rows = append(rows, TokenRepository{TokenID: tokenID, RepositoryID: id})
	}
	return translate(tx.reader(ctx).CreateInBatches(rows, 200).Error)
}
