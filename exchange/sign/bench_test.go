package sign

import "testing"

func BenchmarkSign(b *testing.B) {
	payload := []byte("symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559")
	all := signers(b)
	for _, kind := range []Kind{KindHMAC, KindEd25519, KindRSA} {
		b.Run(kind.String(), func(b *testing.B) {
			b.ReportAllocs()
			var sig []byte
			for range b.N {
				sig, _ = all[kind].AppendSignature(sig[:0], payload)
			}
		})
	}
}
