extends "res://tests/support/scenario.gd"
## Roles server and client: a [MultiplayerAPI] over DTLS, with a certificate that the server makes
## and signs itself. The client finds it in a file and trusts it alone.

const Tls = preload("res://tests/support/tls.gd")

const CALLS: int = 1000
const CALLS_PER_FRAME: int = 50

var _arrived: PackedInt32Array = []
var _is_done: bool = false


func run() -> void:
	if role == "server":
		await _serve()
	else:
		await _join()
	multiplayer.multiplayer_peer = null


func _serve() -> void:
	var own := Tls.new("localhost")
	var peer: MultiplayerPeer = new_peer()
	check_equal(peer.create_server(port), OK, "the server starts")
	check_equal(peer.host.dtls_server_setup(own.server_options()), OK, "it is set up")
	multiplayer.multiplayer_peer = peer
	# It appears as a whole.
	check_equal(own.certificate.save(_path() + ".new.crt"), OK, "the certificate is saved")
	check_equal(DirAccess.rename_absolute(_path() + ".new.crt", _path()), OK, "for the client")
	await until(func() -> bool: return multiplayer.get_peers().size() == 1, "the client joins", OTHERS_SECONDS)
	await _exchange(multiplayer.get_peers()[0])
	await until(func() -> bool: return multiplayer.get_peers().is_empty(), "the client leaves", OTHERS_SECONDS)
	DirAccess.remove_absolute(_path())
	peer.close()


func _join() -> void:
	await until(func() -> bool: return FileAccess.file_exists(_path()), "the server has a certificate", OTHERS_SECONDS)
	var certificate := X509Certificate.new()
	check_equal(certificate.load(_path()), OK, "it is read")
	var peer: MultiplayerPeer = new_peer()
	check_equal(peer.create_client(LOCALHOST, port), OK, "the client starts")
	check_equal(peer.host.dtls_client_setup("localhost", TLSOptions.client(certificate)), OK, "it is set up")
	multiplayer.multiplayer_peer = peer
	await until(func() -> bool: return multiplayer.get_peers().has(1), "the client connects", OTHERS_SECONDS)
	await _exchange(1)
	peer.close()


## Calls [param other] and is called by it.
func _exchange(other: int) -> void:
	var sent: int = 0
	while sent < CALLS:
		for _call: int in CALLS_PER_FRAME:
			_take.rpc_id(other, sent)
			sent += 1
		await get_tree().process_frame
	await until(func() -> bool: return _arrived.size() == CALLS, "%d calls arrive" % CALLS, OTHERS_SECONDS)
	check(_arrived == PackedInt32Array(range(CALLS)), "each once and in order")
	_finish.rpc_id(other)
	await until(func() -> bool: return _is_done, "the other has them too", OTHERS_SECONDS)


func _path() -> String:
	return "user://dtls_session_%d.crt" % port


@rpc("any_peer", "reliable")
func _take(number: int) -> void:
	_arrived.append(number)


@rpc("any_peer", "reliable")
func _finish() -> void:
	_is_done = true
