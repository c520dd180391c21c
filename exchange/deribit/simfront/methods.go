package simfront

// method is one of the protocol's.
type method struct {
	do      func(*dialect, *request) (any, *fault)
	private bool // for whoever has signed in
	socket  bool // over a websocket alone
	enters  bool // it changes orders, and counts as a request of the matching engine
}

// methods are all that there are. It is filled after it is declared, because some refer to
// it.
var methods map[string]method

func init() {
	say := func(v any) func(*dialect, *request) (any, *fault) {
		return func(*dialect, *request) (any, *fault) { return v, nil }
	}
	methods = map[string]method{
		"public/auth":              {do: auth},
		"public/get_time":          {do: venueTime},
		"public/test":              {do: test},
		"public/hello":             {do: test},
		"public/status":            {do: status},
		"public/set_heartbeat":     {do: setHeartbeat, socket: true},
		"public/disable_heartbeat": {do: disableHeartbeat, socket: true},
		"public/subscribe":         {do: subscribe, socket: true},
		"public/unsubscribe":       {do: unsubscribe, socket: true},
		"public/unsubscribe_all":   {do: unsubscribeAll, socket: true},

		"public/get_instruments":                        {do: instruments},
		"public/get_instrument":                         {do: instrument},
		"public/get_currencies":                         {do: currencies},
		"public/get_index_price":                        {do: indexPrice},
		"public/ticker":                                 {do: ticker},
		"public/get_order_book":                         {do: orderBook},
		"public/get_book_summary_by_currency":           {do: summaries},
		"public/get_book_summary_by_instrument":         {do: summaries},
		"public/get_last_trades_by_instrument":          {do: lastTrades},
		"public/get_last_trades_by_instrument_and_time": {do: lastTrades},
		"public/get_tradingview_chart_data":             {do: candles},
		"public/get_funding_rate_history":               {do: fundingHistory},
		"public/get_funding_rate_value":                 {do: fundingValue},

		"private/subscribe":                    {do: subscribe, private: true, socket: true},
		"private/unsubscribe":                  {do: unsubscribe, private: true, socket: true},
		"private/unsubscribe_all":              {do: unsubscribeAll, private: true, socket: true},
		"private/logout":                       {do: logout, private: true, socket: true},
		"private/enable_cancel_on_disconnect":  {do: cancelOnDisconnect(true), private: true, socket: true},
		"private/disable_cancel_on_disconnect": {do: cancelOnDisconnect(false), private: true, socket: true},
		"private/get_cancel_on_disconnect":     {do: cancelsOnDisconnect, private: true},

		"private/buy":                      {do: buy, private: true, enters: true},
		"private/sell":                     {do: sell, private: true, enters: true},
		"private/edit":                     {do: edit, private: true, enters: true},
		"private/edit_by_label":            {do: edit, private: true, enters: true},
		"private/cancel":                   {do: cancel, private: true, enters: true},
		"private/cancel_by_label":          {do: cancelSome, private: true, enters: true},
		"private/cancel_all":               {do: cancelSome, private: true, enters: true},
		"private/cancel_all_by_instrument": {do: cancelSome, private: true, enters: true},
		"private/cancel_all_by_currency":   {do: cancelSome, private: true, enters: true},
		"private/close_position":           {do: closePosition, private: true, enters: true},

		"private/get_order_state":                 {do: orderState, private: true},
		"private/get_order_state_by_label":        {do: ordersByLabel, private: true},
		"private/get_open_orders":                 {do: openOrders, private: true},
		"private/get_open_orders_by_instrument":   {do: openOrders, private: true},
		"private/get_open_orders_by_currency":     {do: openOrders, private: true},
		"private/get_order_history_by_instrument": {do: orderHistory, private: true},
		"private/get_order_history_by_currency":   {do: orderHistory, private: true},

		"private/get_user_trades_by_instrument":          {do: userTrades, private: true},
		"private/get_user_trades_by_instrument_and_time": {do: userTrades, private: true},
		"private/get_user_trades_by_currency":            {do: userTrades, private: true},
		"private/get_user_trades_by_currency_and_time":   {do: userTrades, private: true},
		"private/get_user_trades_by_order":               {do: userTrades, private: true},

		"private/get_positions":                        {do: positions, private: true},
		"private/get_position":                         {do: position, private: true},
		"private/get_account_summary":                  {do: accountSummary, private: true},
		"private/get_account_summaries":                {do: accountSummaries, private: true},
		"private/get_transaction_log":                  {do: transactionLog, private: true},
		"private/get_settlement_history_by_instrument": {do: say(object("settlements", list(), "continuation", nil)), private: true},
		"private/get_deposits":                         {do: say(object("count", 0, "data", list())), private: true},
		"private/get_withdrawals":                      {do: say(object("count", 0, "data", list())), private: true},
		"private/get_transfers":                        {do: say(object("count", 0, "data", list())), private: true},
		"private/get_subaccounts":                      {do: say(list()), private: true},
	}
}
