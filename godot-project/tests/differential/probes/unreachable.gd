extends "res://tests/differential/support/probe.gd"
## What becomes of peers when the network goes away under them. Only for a process with a network of its own.

## Short enough that no peer times out, which would be no defect.
const PATIENCE_OF_STEP_MSEC: int = 1500


func mp_socket_send_error_closes_peer() -> void:
	step({"rc": _ip(["link", "set", "lo", "up"])})
	var server: MultiplayerPeer = new_server()
	var client: MultiplayerPeer = joined_client(server)
	var other: MultiplayerPeer = joined_client(server)
	_must(_ip(["addr", "del", "127.0.0.1/8", "dev", "lo"]))
	for peer: MultiplayerPeer in [server, client]:
		step({
			"returns": error(peer.put_packet([1])),
			"status": peer.get_connection_status(),
		})
	for peer: MultiplayerPeer in [server, client]:
		poll_until_over([peer], peer, PATIENCE_OF_STEP_MSEC)
		step({"status": peer.get_connection_status()})
	other.close()


## Runs the system's own tool; answers its exit code.
func _ip(arguments: PackedStringArray) -> int:
	return OS.execute("ip", arguments)
