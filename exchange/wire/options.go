package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Class says what a message is.
type Class uint8

const (
	Other    Class = iota // for the Handler, but no sign of life of a stream
	Data                  // of the stream that Message.Stream names
	Reply                 // to a subscription: the one with Message.ID, or that asked for Message.Stream
	Shutdown              // the venue is about to end the connection
	Greeted               // the answer to the greeting, or to its login; see Options.Await
	Pong                  // nothing but a sign of life of the connection; not for the Handler
)

// Message is what a Protocol sees in one frame.
type Message struct {
	Class Class
	// Stream is of Data, and of a Reply that is about one stream of a request (OKX), or names
	// the stream and no request (Hyperliquid). It may be a part of the frame.
	Stream []byte
	ID     uint64 // of Reply; 0: it names none
	Err    error  // of Reply and Greeted: why it was refused; nil when it was not
	// Accepted is of Reply, where the venue lists what it has accepted (Deribit): the rest of
	// the request is refused. nil: all of it is accepted, or none with Err.
	Accepted []string
	// Answer is sent back at once, whatever the class: to a heartbeat that asks for one.
	Answer []byte
}

// Protocol is how a venue spells subscriptions. Its methods are called from
// several goroutines at once.
type Protocol interface {
	// Greet returns the frames that begin a connection, such as a login signed
	// just now. They are sent before any subscription.
	Greet() ([][]byte, error)
	// Subscribe and Unsubscribe return the request with this id.
	Subscribe(id uint64, streams []string) []byte
	Unsubscribe(id uint64, streams []string) []byte
	// Classify is called with every frame, before the Handler.
	Classify(frame []byte) Message
}

// Pinger is a Protocol with a ping of its own, a message, beside that of websockets: it is
// sent every Options.PingEvery. Bybit, OKX and Deribit end connections without it.
type Pinger interface {
	Ping() []byte
}

// Handler takes what one connection receives. See the package comment for which
// goroutines call it.
type Handler interface {
	// Frame takes a message of class Data or Other. It is valid until Frame
	// returns. An error drops the connection.
	Frame(frame []byte) error
	// Subscribed tells that the venue has accepted these streams.
	Subscribed(streams []string)
	// Stalled tells that these streams were silent for longer than they may.
	// They are being subscribed anew; see also Client.Excuse.
	Stalled(streams []string)
	// Down tells that the connection is over: from here on its messages are
	// missed. err is nil when that was meant, because a successor has taken over
	// or the Client is closed.
	Down(err error)
}

// Refuser is a Handler that goes on without the streams that the venue refuses. Without it
// a refusal drops the connection. A request that is refused as a whole is asked for in
// halves until it is known which stream is at fault; that one is asked for again after a
// minute, and ever more rarely, up to once an hour, and at every new connection.
type Refuser interface {
	// Refused tells of streams each time that they are refused. It is called by the
	// goroutine that reads.
	Refused(streams []string, err error)
}

// Stream is one thing to subscribe to.
type Stream struct {
	Name string
	// Silence is the longest time without data that is normal. 0: any.
	Silence time.Duration
}

// Options say what a Client connects to and within which limits. URLs, Protocol
// and Open are required; a zero elsewhere means the default that is named.
type Options struct {
	Name     string   // for errors and Health
	URLs     []string // ws:// or wss://; the next is tried after a failure
	Header   http.Header
	Protocol Protocol
	// Open returns the Handler of a new connection. conn counts from 1.
	Open    func(conn uint64) Handler
	Streams []Stream
	// Await lets nothing be subscribed to before a message of class Greeted has come, within
	// ReplyWithin: a venue that logs in with a message refuses private streams until then.
	Await bool
	// Mute says that subscriptions are not answered: a stream is accepted with its first data.
	Mute bool

	Dial        func(ctx context.Context, network, addr string) (net.Conn, error) // TCP with keep-alive
	TLS         *tls.Config                                                       // TLS 1.2 and up
	Compression bool                                                              // offer permessage-deflate

	Handshake    time.Duration // the longest a dial may take; 10 s
	PingEvery    time.Duration // between our pings; 20 s
	ReadTimeout  time.Duration // without a single byte, pongs included; 60 s
	WriteTimeout time.Duration // for one frame; 5 s
	ReadBuffer   int           // bytes; 64 KiB
	MaxMessage   int           // bytes after decompression; 4 MiB

	FramesPerSecond int           // of ours, without pongs; 4, which leaves the spot limit of 5 one to spare
	BatchStreams    int           // streams in one subscription; 100
	ReplyWithin     time.Duration // the answer to a subscription, once it was sent; 10 s

	RollAfter  time.Duration // age at which a connection is replaced; 23 h
	SyncWithin time.Duration // for the replacement to deliver on all its streams; 30 s

	BackoffBase  time.Duration // 500 ms
	BackoffMax   time.Duration // 30 s
	HealthyAfter time.Duration // of data, after which failures are forgotten; 30 s

	Attempts *Attempts      // shared by all clients of an address; 300 in 5 min of its own
	Jitter   func() float64 // in [0, 1), from any goroutine; the global random source
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// complete fills in the defaults.
func (o *Options) complete() error {
	if len(o.URLs) == 0 || o.Protocol == nil || o.Open == nil {
		return errors.New("wire: options need URLs, a Protocol and Open")
	}
	orDefault(&o.Name, o.URLs[0])
	orDefault(&o.Handshake, 10*time.Second)
	orDefault(&o.PingEvery, 20*time.Second)
	orDefault(&o.ReadTimeout, time.Minute)
	orDefault(&o.WriteTimeout, 5*time.Second)
	orDefault(&o.ReadBuffer, 64<<10)
	orDefault(&o.MaxMessage, 4<<20)
	orDefault(&o.FramesPerSecond, 4)
	orDefault(&o.BatchStreams, 100)
	orDefault(&o.ReplyWithin, 10*time.Second)
	orDefault(&o.RollAfter, 23*time.Hour)
	orDefault(&o.SyncWithin, 30*time.Second)
	orDefault(&o.BackoffBase, 500*time.Millisecond)
	orDefault(&o.BackoffMax, 30*time.Second)
	orDefault(&o.HealthyAfter, 30*time.Second)
	if o.Attempts == nil {
		o.Attempts = NewAttempts(300, 5*time.Minute)
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return nil
}
