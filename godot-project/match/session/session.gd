class_name Session
extends Node2D
## The part of a match that both sides have: arena, avatars, and the nodes whose RPCs play it.
##
## Server and client scenes instance it under the same name, so that RPCs find their nodes.

signal avatar_added(avatar: Avatar)
signal avatar_removed(avatar: Avatar)

const _AVATAR_SCENE: PackedScene = preload("res://match/avatar/avatar.tscn")

## True between the server's beginning and end of the match; outside of it nothing is sent.
var running: bool = false
var tally := RpcTally.new()

@onready var effects: Effects = %Effects
@onready var roster: Roster = %Roster
@onready var combat: Combat = %Combat
@onready var chat: Chat = %Chat
@onready var links: Links = %Links
@onready var closing: Closing = %Closing
@onready var _avatars: Node2D = %Avatars
@onready var _spawner: MultiplayerSpawner = %AvatarSpawner


func _ready() -> void:
	_spawner.spawn_function = _make_avatar
	_avatars.child_entered_tree.connect(_on_avatar_entered)
	_avatars.child_exiting_tree.connect(_on_avatar_exiting)


## Adds an avatar on all sides; only the server may.
func spawn_avatar(id: int, player_name: String, number: int) -> void:
	_spawner.spawn({
		"id": id,
		"name": player_name,
		"number": number,
		"place": Arena.spawn_place(number),
	})


## Removes an avatar on all sides; only the server may.
func remove_avatar(id: int) -> void:
	var avatar: Avatar = get_avatar(id)
	if avatar != null:
		avatar.queue_free()


## The avatar of that player, or null.
func get_avatar(id: int) -> Avatar:
	return _avatars.get_node_or_null(NodePath(str(id))) as Avatar


func get_avatars() -> Array[Avatar]:
	var found: Array[Avatar] = []
	found.assign(_avatars.get_children())
	return found


## What is replicated, as this side sees it: id to place, health and score.
func get_states() -> Dictionary:
	var states: Dictionary = {}
	for avatar: Avatar in get_avatars():
		states[avatar.player_id] = [avatar.place, avatar.health, avatar.score]
	return states


## Avatars by falling score; equal scores by id, so that all sides list them alike.
func get_standings() -> Array[Avatar]:
	var standings: Array[Avatar] = get_avatars()
	standings.sort_custom(func(a: Avatar, b: Avatar) -> bool:
		return a.score > b.score if a.score != b.score else a.player_id < b.player_id)
	return standings


func _make_avatar(spawned: Dictionary) -> Node:
	var avatar: Avatar = _AVATAR_SCENE.instantiate()
	avatar.set_up(spawned)
	return avatar


func _on_avatar_entered(node: Node) -> void:
	avatar_added.emit(node as Avatar)


func _on_avatar_exiting(node: Node) -> void:
	avatar_removed.emit(node as Avatar)
