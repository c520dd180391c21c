// Package study has the arithmetic of looking for a strategy's parameters, and of doubting
// what was found: which points of a space to try ([Search]), how history is cut so that
// what judges was not what chose ([WalkForward], [Folds]), and how likely it is that the best
// of many trials is only the luckiest ([DeflatedSharpe], [Overfitting], [TradeOrder],
// [Bootstrap]).
//
// It knows nothing of strategies, sessions or files: it works on lists of returns, which are
// fractions of equity a day unless a function says otherwise. All chance comes from seeds.
// Package host runs the trials and puts the two together.
package study
