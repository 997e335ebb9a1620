extends RefCounted
## A key with a certificate that it has signed itself, for servers of tests.
##
## Beside it, in [code]chain[/code], lies a certificate for game.example that another one, the root,
## has signed. [Crypto] cannot make such a pair; OpenSSL did, valid for a hundred years.

const VALID_FROM: String = "20240101000000"
const VALID_UNTIL: String = "20991231235959"

const CHAIN: String = "res://tests/support/chain/"
const CHAIN_NAME: String = "game.example"

var key: CryptoKey
var certificate: X509Certificate


## Makes both, for the name [param common_name]. Takes about as long as a few frames.
func _init(common_name: String = "localhost", from: String = VALID_FROM, until: String = VALID_UNTIL) -> void:
	var crypto := Crypto.new()
	key = crypto.generate_rsa(2048)
	certificate = crypto.generate_self_signed_certificate(key, "CN=%s,O=Tests,C=DE" % common_name, from, until)


## For a server that proves itself with the certificate.
func server_options() -> TLSOptions:
	return TLSOptions.server(key, certificate)


## For a client that trusts this certificate alone.
func client_options(name_override: String = "") -> TLSOptions:
	return TLSOptions.client(certificate, name_override)


## For a server whose certificate the root has signed.
static func chain_server_options() -> TLSOptions:
	return TLSOptions.server(load(CHAIN + "server.key"), load(CHAIN + "server.crt"))


## For a client that trusts what the root has signed.
static func chain_client_options() -> TLSOptions:
	return TLSOptions.client(load(CHAIN + "root.crt"))
