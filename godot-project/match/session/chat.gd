class_name Chat
extends Node
## Lines of text between all sides, reliable on a channel of their own.

signal line_received(from_id: int, text: String)

## Of a line, in characters; more is cut off.
const LONGEST_LINE: int = 200

@export var session: Session


## Sends a line to everybody and shows it here; an empty one is not sent.
func say(text: String) -> void:
	var line: String = _clean(text)
	if line == "" or not session.running:
		return
	for id: int in multiplayer.get_peers():
		session.tally.count_sent(RpcTally.CHAT, id)
		_say.rpc_id(id, line)
	line_received.emit(multiplayer.get_unique_id(), line)


@rpc("any_peer", "call_remote", "reliable", 2)
func _say(text: String) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	session.tally.count_received(RpcTally.CHAT, id)
	var line: String = _clean(text)
	if line != "":
		line_received.emit(id, line)


func _clean(text: String) -> String:
	return text.strip_escapes().strip_edges().left(LONGEST_LINE)
