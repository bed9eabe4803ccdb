package db

import (
	"context"
	"slices"
)

// TokenRepository is a row of token_repositories: one repository that a bound token may touch.
type TokenRepository struct {
	TokenID      string `gorm:"primaryKey"`
	RepositoryID string `gorm:"primaryKey"`
}

// bindings reads which repositories tokens are bound to, by token id.
func bindings(ctx context.Context, c conn) (map[string][]string, error) {
	byToken := map[string][]string{}
	w := whole{table: "token_repositories", columns: []string{"token_id", "repository_id"}}
	err := w.each(ctx, c, func(v []string) error { byToken[v[0]] = append(byToken[v[0]], v[1]); return nil })
	for _, list := range byToken {
		slices.Sort(list)
	}
	return byToken, err
}

// bindingsOf are the repositories that one token is bound to.
func bindingsOf(ctx context.Context, c conn, tokenID string) (list []string, err error) {
	err = c.reader(ctx).Model(&TokenRepository{}).Where("token_id = ?", tokenID).Order("repository_id").Pluck("repository_id", &list).Error
	if len(list) == 0 {
		list = nil
	}
	return list, translate(err)
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
