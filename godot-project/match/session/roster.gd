class_name Roster
extends Node
## How players enter a match: a client introduces itself, the server says when play begins.

signal introduced(id: int, player_name: String)
signal begun

const _LONGEST_NAME: int = 16


## Client: tells the server who plays.
func introduce(player_name: String) -> void:
	_introduce.rpc_id(MultiplayerPeer.TARGET_PEER_SERVER, player_name)


## Server: lets [param id] play from now on.
func begin_for(id: int) -> void:
	_begin.rpc_id(id)


@rpc("any_peer", "call_remote", "reliable")
func _introduce(player_name: String) -> void:
	if not multiplayer.is_server():
		return
	var id: int = multiplayer.get_remote_sender_id()
	var clean_name: String = player_name.strip_escapes().strip_edges().left(_LONGEST_NAME)
	introduced.emit(id, clean_name if clean_name != "" else "Player %d" % id)


@rpc("authority", "call_remote", "reliable")
func _begin() -> void:
	begun.emit()
