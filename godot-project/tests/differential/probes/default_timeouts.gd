extends "res://tests/differential/support/probe.gd"
## How long an attempt and a connection live when nobody answers, if no script says otherwise.

const CLIENT_LIMIT_MSEC: int = 33_000
const CONNECTING_LEAST_MSEC: int = 30_500
const CONNECTED_LEAST_MSEC: int = 5_000


func mp_default_timeouts() -> void:
	var silent := PacketPeerUDP.new()
	_must(silent.bind(0, LOCALHOST))
	var server: MultiplayerPeer = new_server()
	var connected: MultiplayerPeer = joined_client(server)
	watch(connected, "connected client")
	_must(connected.put_packet([1]))
	var connecting: MultiplayerPeer = new_client_of_port(silent.get_local_port())
	var start: int = Time.get_ticks_msec()
	var lived: Dictionary = {}
	poll_until(
			[connecting, connected],
			func() -> bool:
				for client: MultiplayerPeer in [connecting, connected]:
					if client.get_connection_status() == DISCONNECTED and not lived.has(client):
						lived[client] = Time.get_ticks_msec() - start
				return lived.size() == 2,
			CLIENT_LIMIT_MSEC + 500)
	step({
		"connecting_gives_up_between_30_5_and_33_s": _is_within(
				lived.get(connecting, -1), CONNECTING_LEAST_MSEC),
		"connected_gives_up_between_5_and_33_s": _is_within(
				lived.get(connected, -1), CONNECTED_LEAST_MSEC),
	})


func _is_within(msec: int, least: int) -> bool:
	return msec >= least and msec <= CLIENT_LIMIT_MSEC
