extends Node
## A node whose properties travel in the three ways of a [MultiplayerSynchronizer].

## Sent with the spawn only.
var colour: Color = Color.BLACK
## Sent all the time, unreliably.
var place: Vector2 = Vector2.ZERO
## Sent reliably when it changes.
var title: String = ""


func _enter_tree() -> void:
	# As in Godot's own examples, a node named after a peer gets its state from that peer.
	if name.is_valid_int():
		var synchronizer: MultiplayerSynchronizer = $MultiplayerSynchronizer
		synchronizer.set_multiplayer_authority(name.to_int())
