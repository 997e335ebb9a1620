class_name Side
extends Control
## What every part that can run alone has in common: a server, a client, a peer of a mesh, or the
## lobby of one.
##
## Each has a [MultiplayerAPI] of its own for its branch of the tree, so that several can live in
## one process, and each can be run alone from the editor.

## This side is done, or never came about.
signal finished(succeeded: bool, message: String)

## What to do; read from the command line if nobody sets it before the scene enters the tree.
var options: LaunchOptions

var _is_finished: bool = false


func _enter_tree() -> void:
	get_tree().set_multiplayer(MultiplayerAPI.create_default_interface(), get_path())


func _ready() -> void:
	if options == null:
		options = LaunchOptions.from_command_line()


func _exit_tree() -> void:
	multiplayer.multiplayer_peer = null
	get_tree().set_multiplayer(null, get_path())


## Ends this side once. A process in which it runs alone ends with it.
func _finish(succeeded: bool, message: String = "") -> void:
	if _is_finished:
		return
	_is_finished = true
	if message != "":
		print(message)
	if options.unattended:
		print("RESULT ", JSON.stringify(_make_report(succeeded)))
	finished.emit(succeeded, message)
	if get_tree().current_scene == self:
		get_tree().quit(0 if succeeded else 1)


## What this side has to say of itself at its end.
func _make_report(succeeded: bool) -> Dictionary:
	return {"succeeded": succeeded}
