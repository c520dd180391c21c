package sign_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange/sign"
)

// A secret prints as a mask, whatever prints it, and signs what is sent.
func Example() {
	secret := sign.NewSecret("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
	s, err := sign.NewHMAC(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	signature, err := s.AppendSignature(nil, []byte("symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"))
	fmt.Println(secret, string(signature), err)
	// Output:
	// ••• c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71 <nil>
}
