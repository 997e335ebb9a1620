class_name PlayerControls
extends Node
## What a player wants right now. A person or a bot fills it in every frame; this one stands still.

signal line_spoken(text: String)

## Where to walk; at most 1 long.
var direction: Vector2 = Vector2.ZERO
## Where to aim, in radians.
var aim: float = 0.0
var is_firing: bool = false

var session: Session


## Brings the wishes above up to date.
func update(_avatar: Avatar, _delta: float) -> void:
	pass


## Says a line to everybody.
func speak(text: String) -> void:
	line_spoken.emit(text)
