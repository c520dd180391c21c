package signing

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/sign"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func signer(t *testing.T, key string) *sign.Secp256k1 {
	t.Helper()
	s, err := sign.NewSecp256k1(sign.NewSecret(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The keys of the two SDKs' tests, which are public.
const (
	pythonKey = "0x0123456789012345678901234567890123456789012345678901234567890123"
	rustKey   = "e908f86dbb4d55ac876378565aafeabc187f6690f046459397b17d9b9a19688e"
)

// Source: hyperliquid-python-sdk, tests/signing_test.py,
// test_phantom_agent_creation_matches_production.
func TestHashMatchesProduction(t *testing.T) {
	r := Request{Nonce: 1677777606040, Action: Place(Order{Asset: 4, Buy: true, Size: dec("0.0147"), Price: dec("1670.1"), Tif: Ioc})}
	if got := r.Hash(); hex.EncodeToString(got[:]) != "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908" {
		t.Errorf("%x", got)
	}
}

func trigger(tpsl, px string) Object {
	o := Order{Asset: 1, Buy: true, Size: dec("100"), Price: dec("100")}
	return triggered(o, Object{{"isMarket", Bool(true)}, {"triggerPx", Text(px)}, {"tpsl", Text(tpsl)}})
}

func triggered(o Order, t Object) Object {
	v := o.value()
	v[5].Value = Object{{"trigger", t}}
	return Object{{"type", Text("order")}, {"orders", List{v}}, {"grouping", Text("na")}}
}

// Source: hyperliquid-python-sdk, tests/signing_test.py. Each r, s and v is of the main
// network and then of the test network.
func TestPythonVectors(t *testing.T) {
	dummy := Object{{"type", Text("dummy")}, {"num", Int(100000000000)}}
	vault, err := sign.ParseAddress("0x1719884eb866cb12b2287399b15f7db5e7d775ea")
	if err != nil {
		t.Fatal(err)
	}
	order := Order{Asset: 1, Buy: true, Size: dec("100"), Price: dec("100"), Tif: Gtc}
	withCloid := order
	withCloid.Cloid = "0x00000000000000000000000000000001"
	for _, tt := range []struct {
		name          string
		action        Object
		vault         *sign.Address
		main, testing string
	}{
		{"test_l1_action_signing_matches", dummy, nil,
			"0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298 0x755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8 27",
			"0x542af61ef1f429707e3c76c5293c80d01f74ef853e34b76efffcb57e574f9510 0x17b8b32f086e8cdede991f1e2c529f5dd5297cbe8128500e00cbaf766204a613 28"},
		{"test_l1_action_signing_order_matches", Place(order), nil,
			"0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e 0x2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e 28",
			"0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54 0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5 27"},
		{"test_l1_action_signing_order_with_cloid_matches", Place(withCloid), nil,
			"0x41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3 0x3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da 27",
			"0xeba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d 0x7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe90988 28"},
		{"test_l1_action_signing_matches_with_vault", dummy, &vault,
			"0x3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239 0x4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c 28",
			"0xe281d2fb5c6e25ca01601f878e4d69c965bb598b88fac58e475dd1f5e56c362b 0x7ddad27e9a238d045c035bc606349d075d5c5cd00a6cd1da23ab5c39d4ef0f60 27"},
		{"test_l1_action_signing_tpsl_order_matches", trigger("sl", "103"), nil,
			"0x98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9 0x6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb405 27",
			"0x971c554d917c44e0e1b6cc45d8f9404f32172a9d3b3566262347d0302896a2e4 0x206257b104788f80450f8e786c329daa589aa0b32ba96948201ae556d5637eac 28"},
		{"test_create_sub_account_action", Object{{"type", Text("createSubAccount")}, {"name", Text("example")}}, nil,
			"0x51096fe3239421d16b671e192f574ae24ae14329099b6db28e479b86cdd6caa7 0xb71f7d293af92d3772572afb8b102d167a7cef7473388286bc01f52a5c5b423 27",
			"0xa699e3ed5c2b89628c746d3298b5dc1cca604694c2c855da8bb8250ec8014a5b 0x53f1b8153a301c72ecc655b1c315d64e1dcea3ee58921fd7507e35818fcc1584 28"},
		{"test_sub_account_transfer_action", Object{{"type", Text("subAccountTransfer")}, {"subAccountUser", Text("0x1d9470d4b963f552e6f671a81619d395877bf409")}, {"isDeposit", Bool(true)}, {"usd", Int(10)}}, nil,
			"0x43592d7c6c7d816ece2e206f174be61249d651944932b13343f4d13f306ae602 0x71a926cb5c9a7c01c3359ec4c4c34c16ff8107d610994d4de0e6430e5cc0f4c9 28",
			"0xe26574013395ad55ee2f4e0575310f003c5bb3351b5425482e2969fa51543927 0xefb08999196366871f919fd0e138b3a7f30ee33e678df7cfaf203e25f0a4278 28"},
		{"test_schedule_cancel_action without a time", ScheduleCancel(0), nil,
			"0x6cdfb286702f5917e76cd9b3b8bf678fcc49aec194c02a73e6d4f16891195df9 0x6557ac307fa05d25b8d61f21fb8a938e703b3d9bf575f6717ba21ec61261b2a0 27",
			"0xc75bb195c3f6a4e06b7d395acc20bbb224f6d23ccff7c6a26d327304e6efaeed 0x342f8ede109a29f2c0723bd5efb9e9100e3bbb493f8fb5164ee3d385908233df 28"},
		{"test_schedule_cancel_action", ScheduleCancel(123456789), nil,
			"0x609cb20c737945d070716dcc696ba030e9976fcf5edad87afa7d877493109d55 0x16c685d63b5c7a04512d73f183b3d7a00da5406ff1f8aad33f8ae2163bab758b 28",
			"0x4e4f2dbd4107c69783e251b7e1057d9f2b9d11cee213441ccfa2be63516dc5bc 0x706c656b23428c8ba356d68db207e11139ede1670481a9e01ae2dfcdb0e1a678 27"},
	} {
		r := Request{Action: tt.action, Vault: tt.vault}
		for want, mainnet := range map[string]bool{tt.main: true, tt.testing: false} {
			check(t, tt.name, signer(t, pythonKey), r.Digest(mainnet), want)
		}
	}
}

func check(t *testing.T, name string, key *sign.Secp256k1, digest [32]byte, want string) {
	t.Helper()
	s := key.Sign(digest)
	if got := fmt.Sprintf("%s %s %d", quantity(s.R), quantity(s.S), s.V); got != want {
		t.Errorf("%s:\n%s, want\n%s", name, got, want)
	}
	if who, err := s.Signer(digest); err != nil || who != key.Address() {
		t.Errorf("%s: signed by %s (%v), want %s", name, who, err, key.Address())
	}
}

// Source: hyperliquid-python-sdk, tests/signing_test.py, test_sign_usd_transfer_action and
// test_sign_withdraw_from_bridge_action.
func TestTypedDataVectors(t *testing.T) {
	action := Object{{"hyperliquidChain", Text("Testnet")}, {"destination", Text("0x5e9ee1089755c3435139848e47e6635505d5a13a")}, {"amount", Text("1")}, {"time", Int(1687816341423)}}
	for kind, want := range map[Kind]string{
		UsdSend:  "0x637b37dd731507cdd24f46532ca8ba6eec616952c56218baeff04144e4a77073 0x11a6a24900e6e314136d2592e2f8d502cd89b7c15b198e1bee043c9589f9fad7 27",
		Withdraw: "0x8363524c799e90ce9bc41022f7c39b4e9bdba786e5f9c72b20e43e1462c37cf9 0x58b1411a775938b83e29182e8ef74975f9054c8e97ebf5ec2dc8d51bfc893881 28",
	} {
		digest, err := UserDigest(kind, action)
		if err != nil {
			t.Fatal(err)
		}
		check(t, string(kind), signer(t, pythonKey), digest, want)
	}
	if _, err := UserDigest(UsdSend, Object{{"hyperliquidChain", Text("Testnet")}}); err == nil || !strings.Contains(err.Error(), "UsdSend: destination") {
		t.Errorf("of an action without its fields: %v", err)
	}
}

// Source: the Elixir package hyperliquid, SigningVectorsTest, whose vectors are made with
// hyperliquid-python-sdk: modify and batch_modify.
func TestModifyVectors(t *testing.T) {
	order := Order{Asset: 1, Buy: true, Size: dec("100"), Price: dec("100"), Tif: Gtc}
	for _, tt := range []struct {
		action              Object
		hash, main, testing string
	}{
		{Object{{"type", Text("modify")}, {"oid", Int(12345)}, {"order", order.value()}}, "9abb67924def256764751c4e072dca707e88b149ed5cf1e21e2e24219f2d1a5b",
			"0xdc3f46744e5bc0eeac324752ba9ab2e9fc932e4e9b24351d5dc5c67b4749708b 0x4d99cf9f90e0c0ad20501a92124d0c41b5f05e1a800d540fa3bf521bf9c9bb30 27",
			"0xd414800d2184e3be7bd2210c0ad354928be675114d06373ba1bfd17a0d1378b8 0x124d67e4616d9d904df67ed448943f76692ee7120fdf034bfab845adb8703c0 27"},
		{Modify(Int(12345), order), "f62a5d4f9eb8f92ad3d1b1abc68d7a7d663643227e91fff0b4139c5407162d6d",
			"0x17a31d4b2db68023eb5a8ee435a02c4d5cb144d92a2c1ca7c4e20c07a776c147 0x3c8bb12f37b183cb34b63f5f4a13ab77f379fae656fd5edda22a092c3c5b8672 27",
			"0xa99509d9d14cb7bc86b56a83541ecda475fd820cdc14498bdfe5751795770bc8 0x8564844b66c5434772d9b8cb49ea9dea7081b5f8a55a06c434013a48bd1ad5b 27"},
	} {
		r := Request{Action: tt.action, Nonce: 1234567890}
		if got := r.Hash(); hex.EncodeToString(got[:]) != tt.hash {
			t.Errorf("%s: hash %x, want %s", JSON(tt.action), got, tt.hash)
		}
		for want, mainnet := range map[string]bool{tt.main: true, tt.testing: false} {
			check(t, string(JSON(tt.action)), signer(t, pythonKey), r.Digest(mainnet), want)
		}
	}
}

// Source: hyperliquid-rust-sdk, src/exchange/exchange_client.rs, mod tests. A signature
// is r, s and v in one.
func TestRustVectors(t *testing.T) {
	order := Order{Asset: 1, Buy: true, Size: dec("3.5"), Price: dec("2000"), Tif: Ioc}
	// Their limit price is the text "2000.0", which is what is hashed.
	spelled := func(o Order) Object {
		a := Place(o)
		a[1].Value.(List)[0].(Object)[2].Value = Text("2000.0")
		return a
	}
	withCloid := order
	withCloid.Cloid = "0x1e60610f0b3d420597c88c1fed2ad5ee"
	tpsl := func(kind string) Object {
		a := triggered(order, Object{{"isMarket", Bool(true)}, {"triggerPx", Text("2000.0")}, {"tpsl", Text(kind)}})
		a[1].Value.(List)[0].(Object)[2].Value = Text("2000.0")
		return a
	}
	for _, tt := range []struct {
		name          string
		action        Object
		main, testing string
	}{
		{"test_limit_order_action_hashing", spelled(order),
			"77957e58e70f43b6b68581f2dc42011fc384538a2e5b7bf42d5b936f19fbb67360721a8598727230f67080efee48c812a6a4442013fd3b0eed509171bef9f23f1c",
			"cd0925372ff1ed499e54883e9a6205ecfadec748f80ec463fe2f84f1209648776377961965cb7b12414186b1ea291e95fd512722427efcbcfb3b0b2bcd4d79d01c"},
		{"test_limit_order_action_hashing_with_cloid", spelled(withCloid),
			"d3e894092eb27098077145714630a77bbe3836120ee29df7d935d8510b03a08f456de5ec1be82aa65fc6ecda9ef928b0445e212517a98858cfaa251c4cd7552b1c",
			"3768349dbb22a7fd770fc9fc50c7b5124a7da342ea579b309f58002ceae49b4357badc7909770919c45d850aabb08474ff2b7b3204ae5b66d9f7375582981f111c"},
		{"test_tpsl_order_action_hashing tp", tpsl("tp"),
			"b91e5011dff15e4b4a40753730bda44972132e7b75641f3cac58b66159534a170d422ee1ac3c7a7a2e11e298108a2d6b8da8612caceaeeb3e571de3b2dfda9e41b",
			"6df38b609904d0d4439884756b8f366f22b3a081801dbdd23f279094a2299fac6424cb0cdc48c3706aeaa368f81959e91059205403d3afd23a55983f710aee871b"},
		{"test_tpsl_order_action_hashing sl", tpsl("sl"),
			"8456d2ace666fce1bee1084b00e9620fb20e810368841e9d4dd80eb29014611a0843416e51b1529c22dd2fc28f7ff8f6443875635c72011f60b62cbb8ce90e2d1c",
			"eb5bdb52297c1d19da45458758bd569dcb24c07e5c7bd52cf76600fd92fdd8213e661e21899c985421ec018a9ee7f3790e7b7d723a9932b7b5adcd7def5354601c"},
		{"test_cancel_action_hashing", Cancel(1, 82382),
			"02f76cc5b16e0810152fa0e14e7b219f49c361e3325f771544c6f54e157bf9fa17ed0afc11a98596be85d5cd9f86600aad515337318f7ab346e5ccc1b03425d51b",
			"6ffebadfd48067663390962539fbde76cfa36f53be65abe2ab72c9db6d0db44457720db9d7c4860f142a484f070c84eb4b9694c3a617c83f0d698a27e55fd5e01c"},
		{"test_claim_rewards_action_hashing", Object{{"type", Text("claimRewards")}},
			"e13542800ba5ec821153401e1cafac484d1f861adbbb86c00b580ec2560c153248b8d9f0e004ecc86959c07d44b591861ebab2167b54651a81367e2c3d472d4e1c",
			"16de9b346ddd8e200492a2db45ec9104dcdfc7fbfdbcd85890a6063bdd56df2c44846714c261a431de7095ad52e07143346eb26d9e66c6aed4674f120a1048131c"},
	} {
		r := Request{Action: tt.action, Nonce: 1583838}
		for want, mainnet := range map[string]bool{tt.main: true, tt.testing: false} {
			whole(t, tt.name, r.Digest(mainnet), want)
		}
	}
	for want, chain := range map[string]string{
		"343c9078af7c3d6683abefd0ca3b2960de5b669b716863e6dc49090853a4a3cd6c016301239461091a8ca3ea5ac783362526c4d9e9e624ffc563aea93d6ac2391b": "Mainnet",
		"2ada43eeebeba9cfe13faf95aa84e5b8c4885c3a07cbf4536f2df5edd340d4eb1ed0e24f60a80d199a842258d5fa737a18d486f7d4e656268b434d226f2811d71c": "Testnet",
	} {
		digest, err := UserDigest(ApproveBuilder, Object{{"hyperliquidChain", Text(chain)}, {"maxFeeRate", Text("0.001%")}, {"builder", Text("0x1234567890123456789012345678901234567890")}, {"nonce", Int(1583838)}})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, "test_approve_builder_fee_signing on "+chain, digest, want)
	}
}

func whole(t *testing.T, name string, digest [32]byte, want string) {
	t.Helper()
	s := signer(t, rustKey).Sign(digest)
	if got := fmt.Sprintf("%x%x%02x", s.R, s.S, s.V); got != want {
		t.Errorf("%s:\n%s, want\n%s", name, got, want)
	}
}

// Source: nktkas/hyperliquid, tests/signing/signing.test.ts: with a vault, with a time after
// which it is refused, and with both.
func TestVaultAndExpiryVectors(t *testing.T) {
	vault, err := sign.ParseAddress("0x1234567890123456789012345678901234567890")
	if err != nil {
		t.Fatal(err)
	}
	const key = "0x822e9959e022b78423eb653a62ea0020cd283e71a2a8133a6ff2aeffaf373cff"
	action := Place(Order{Asset: 0, Buy: true, Price: dec("30000"), Size: dec("0.1"), Tif: Gtc})
	for _, tt := range []struct {
		vault               *sign.Address
		expires             uint64
		hash, main, testing string
	}{
		{nil, 0, "25367e0dba84351148288c2233cd6130ed6cec5967ded0c0b7334f36f957cc90",
			"0x61078d8ffa3cb591de045438a1ae2ed299b271891d1943a33901e7cfb3a31ed8 0xe91df4f9841641d3322dad8d932874b74d7e082cdb5b533f804964a6963aef9 28",
			"0x6b0283a894d87b996ad0182b86251cc80d27d61ef307449a2ed249a508ded1f7 0x6f884e79f4a0a10af62db831af6f8e03b3f11d899eb49b352f836746ee9226da 27"},
		{&vault, 0, "214e2ea3270981b6fd18174216691e69f56872663139d396b10ded319cb4bb1e",
			"0x77151b3ae29b83c8affb3791568c6452019ba8c30019236003abb1efcd809433 0x55668c02f6ad4a1c335ce99987b7545984c4edc1765fe52cf115a423dc8279bb 27",
			"0x294a6cf713483c129be9af5c7450aca59c9082f391f02325715c0d04b7f48ac1 0x119cfd947dcd2da1d1064a9d08bcf07e01fc9b72dd7cca69a988c74249e300f0 27"},
		{nil, 1234567890, "c30b002ba3775e4c31c43c1dfd3291dfc85c6ae06c6b9f393991de86cad5fac7",
			"0x162a52128fb58bc6adb783e3d36913c53127851144fc45c5603a51e97b9202fd 0x469571eb0a2101a32f81f9584e15fd35c723a6089e106f4f33798dbccf7cd416 28",
			"0x5094989a7c0317db6553f21dd7f90d43415e8bd01af03829de249d4ea0aa5f66 0x491d04966e81662bd4e70d607fac30e71803c01733f4f66ff7299b0470675b8b 27"},
		{&vault, 1234567890, "2d62412aa0fc57441b5189841d81554a6a9680bf07204e1454983a9ca44f0744",
			"0x78fcca006d7fdfaf1f66978ef7a60280246fc3e7a5b39a68a1656c3e42c58bf1 0x61a09957de7f0886c2bdffb7a94e3a257bf240796883ea6ceaf4d0be37055cdd 27",
			"0x3a0bbbd9fadca54f58a2b7050899cecb97f68b2f693c63e91ca60510427326d7 0x60f75f12cae7b9dc18b889406192afcaf13f40d2f8c68cc01f7f83f3fb5deb23 27"},
	} {
		r := Request{Action: action, Nonce: 1234567890, Vault: tt.vault, Expires: tt.expires}
		if got := r.Hash(); hex.EncodeToString(got[:]) != tt.hash {
			t.Errorf("%v, %d: hash %x, want %s", tt.vault, tt.expires, got, tt.hash)
		}
		for want, mainnet := range map[string]bool{tt.main: true, tt.testing: false} {
			check(t, fmt.Sprint(tt.vault, tt.expires), signer(t, key), r.Digest(mainnet), want)
		}
	}
	digest, err := UserDigest(UsdSend, Object{{"hyperliquidChain", Text("Mainnet")}, {"destination", Text("0x1234567890123456789012345678901234567890")}, {"amount", Text("1000")}, {"time", Int(1234567890)}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "UsdSend", signer(t, key), digest, "0xf777c38efe7c24cc71209526ae608f4e384d0586edf578f0e97b4b9f7c7adcc6 0x104a4a97c48ae77bf5bd777bdd45fe72d8f5ff29116b5ff64fd8cfe4ea610786 28")
}

// What is sent is what was packed, field for field, and says who the account is.
func TestBody(t *testing.T) {
	vault := sign.Address{19: 7}
	r := Request{Action: Place(Order{Asset: 10107, Buy: false, Price: dec("1234.50"), Size: dec("1e2"), ReduceOnly: true, Tif: Alo, Cloid: "0x00000000000000000000000000000001"}), Nonce: 5, Vault: &vault, Expires: 9}
	const want = `{"action":{"type":"order","orders":[{"a":10107,"b":false,"p":"1234.5","s":"100","r":true,"t":{"limit":{"tif":"Alo"}},"c":"0x00000000000000000000000000000001"}],"grouping":"na"},"nonce":5,"signature":{"r":"0x0","s":"0x0","v":27},"vaultAddress":"0x0000000000000000000000000000000000000007","expiresAfter":9}`
	if got := string(r.Body(sign.Recoverable{V: 27})); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}

// What was read is written the same way, and packed the same way when it is read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"order","orders":[{"a":1,"b":true,"p":"2000.0","s":"3.5","r":false,"t":{"limit":{"tif":"Ioc"}}}],"grouping":"na"}`))
	f.Add([]byte(`{"type":"scheduleCancel","time":18446744073709551615,"x":null,"y":"\u00e4\n\""}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := Parse(raw)
		if err != nil {
			return
		}
		again, err := Parse(JSON(v))
		if err != nil || string(again.pack(nil)) != string(v.pack(nil)) {
			t.Errorf("%q is %q: %v", raw, JSON(v), err)
		}
	})
}

// Each length of text, list and number has the shortest form that there is.
func TestPacking(t *testing.T) {
	for head, v := range map[string]Value{"00": Int(0), "7f": Int(127), "cc80": Int(128), "ccff": Int(255), "cd0100": Int(256), "cdffff": Int(65535), "ce00010000": Int(65536), "ceffffffff": Int(1<<32 - 1),
		"cf0000000100000000": Int(1 << 32), "a0": Text(""), "bf61": Text(strings.Repeat("a", 31)), "d92061": Text(strings.Repeat("a", 32)), "d9ff61": Text(strings.Repeat("a", 255)),
		"da010061": Text(strings.Repeat("a", 256)), "db0001000061": Text(strings.Repeat("a", 65536)), "90": List{}, "9fc3": List(many(15)), "dc0010c3": List(many(16)), "c0": Null{}, "c2": Bool(false), "80": Object{}} {
		if got := hex.EncodeToString(v.pack(nil)); !strings.HasPrefix(got, head) {
			t.Errorf("%.20v: %.40s, want %s", v, got, head)
		}
	}
}

func many(n int) (out []Value) {
	for range n {
		out = append(out, Bool(true))
	}
	return out
}
