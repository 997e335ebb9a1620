class_name Combat
extends Node
## Shots, hits and scores.
##
## What only looks good may get lost: aim (unreliable_ordered) and tracers (unreliable) go from
## client to client. What counts is reliable: a client tells the server that it fired, the server
## decides what was hit and tells everybody.

signal scored(shooter_id: int, target_id: int)

const _DAMAGE: int = 20
const _DOWN_SECONDS: float = 1.2
const _FIRE_SECONDS: float = 0.22
const _AIM_SECONDS: float = 0.05
## How far a shot may start from where the server last saw the shooter.
const _ORIGIN_TOLERANCE: float = 120.0

@export var session: Session

var _since_fired: float = 0.0
var _since_aimed: float = 0.0
## Server: id of each player who is down, to the seconds until that player stands up again.
var _down: Dictionary = {}
var _next_place: int = 0


func _process(delta: float) -> void:
	_since_fired += delta
	_since_aimed += delta
	if multiplayer.is_server() and session.running:
		_raise_the_fallen(delta)


## Client: points the own avatar and lets the others know.
func aim(avatar: Avatar, angle: float) -> void:
	avatar.aim = angle
	if _since_aimed < _AIM_SECONDS or not session.running:
		return
	_since_aimed = 0.0
	for id: int in multiplayer.get_peers():
		session.tally.count_sent(RpcTally.AIM, id)
		_aim.rpc_id(id, angle)


## Client: fires the own avatar's gun if it is ready.
func fire(avatar: Avatar) -> void:
	if _since_fired < _FIRE_SECONDS or not session.running or not avatar.is_standing():
		return
	_since_fired = 0.0
	var origin: Vector2 = avatar.place
	var end: Vector2 = _trace(avatar.player_id, origin, avatar.aim).end
	session.tally.count_sent(RpcTally.COMBAT, MultiplayerPeer.TARGET_PEER_SERVER)
	_fire.rpc_id(MultiplayerPeer.TARGET_PEER_SERVER, origin, avatar.aim)
	for id: int in multiplayer.get_peers():
		session.tally.count_sent(RpcTally.TRACERS, id)
		_show_tracer.rpc_id(id, avatar.get_muzzle(), end)
	session.effects.show_tracer(avatar.get_muzzle(), end, avatar.color)


func _trace(shooter_id: int, origin: Vector2, angle: float) -> Trace:
	var trace := Trace.new()
	trace.end = Arena.shot_end(origin, angle)
	for avatar: Avatar in session.get_avatars():
		if avatar.player_id == shooter_id or not avatar.is_standing():
			continue
		var share: float = Geometry2D.segment_intersects_circle(
				origin, trace.end, avatar.place, Avatar.RADIUS)
		if share >= 0.0:
			trace.end = origin.lerp(trace.end, share)
			trace.target = avatar
	return trace


func _strike(shooter: Avatar, target: Avatar, at: Vector2) -> void:
	target.health = maxi(target.health - _DAMAGE, 0)
	if not target.is_standing():
		shooter.score += 1
		_down[target.player_id] = _DOWN_SECONDS
	for id: int in multiplayer.get_peers():
		session.tally.count_sent(RpcTally.COMBAT, id)
		_show_hit.rpc_id(id, shooter.player_id, target.player_id, at, not target.is_standing())
	_draw_hit(shooter.player_id, target.player_id, at, not target.is_standing())


func _raise_the_fallen(delta: float) -> void:
	for id: int in _down.keys():
		_down[id] -= delta
		if _down[id] > 0.0:
			continue
		_down.erase(id)
		var avatar: Avatar = session.get_avatar(id)
		if avatar == null:
			continue
		avatar.health = Avatar.MAX_HEALTH
		_next_place += 1
		session.tally.count_sent(RpcTally.COMBAT, id)
		_stand_up.rpc_id(id, Arena.spawn_place(_next_place))


func _draw_hit(shooter_id: int, target_id: int, at: Vector2, fell: bool) -> void:
	var target: Avatar = session.get_avatar(target_id)
	if target != null:
		session.effects.show_hit(at, target.color)
		session.effects.show_word(at, "-%d" % _DAMAGE, target.color.lightened(0.3))
	if fell:
		scored.emit(shooter_id, target_id)


@rpc("any_peer", "call_remote", "unreliable_ordered", 3)
func _aim(angle: float) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	session.tally.count_received(RpcTally.AIM, id)
	var avatar: Avatar = session.get_avatar(id)
	if avatar != null and is_finite(angle):
		avatar.aim = angle


@rpc("any_peer", "call_remote", "unreliable")
func _show_tracer(from: Vector2, to: Vector2) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	session.tally.count_received(RpcTally.TRACERS, id)
	var avatar: Avatar = session.get_avatar(id)
	if avatar != null and from.is_finite() and to.is_finite():
		session.effects.show_tracer(from, to, avatar.color)


@rpc("any_peer", "call_remote", "reliable", 1)
func _fire(origin: Vector2, angle: float) -> void:
	var id: int = multiplayer.get_remote_sender_id()
	session.tally.count_received(RpcTally.COMBAT, id)
	var shooter: Avatar = session.get_avatar(id)
	if not multiplayer.is_server() or not session.running or shooter == null:
		return
	if not origin.is_finite() or not is_finite(angle) or not shooter.is_standing():
		return
	if origin.distance_to(shooter.place) > _ORIGIN_TOLERANCE:
		return
	var trace: Trace = _trace(id, origin, angle)
	if trace.target != null:
		_strike(shooter, trace.target, trace.end)


@rpc("authority", "call_remote", "reliable", 1)
func _show_hit(shooter_id: int, target_id: int, at: Vector2, fell: bool) -> void:
	session.tally.count_received(RpcTally.COMBAT, multiplayer.get_remote_sender_id())
	_draw_hit(shooter_id, target_id, at, fell)


@rpc("authority", "call_remote", "reliable", 1)
func _stand_up(at: Vector2) -> void:
	session.tally.count_received(RpcTally.COMBAT, multiplayer.get_remote_sender_id())
	var avatar: Avatar = session.get_avatar(multiplayer.get_unique_id())
	if avatar != null:
		avatar.place = at


class Trace:
	extends RefCounted

	var end: Vector2
	## Whom the shot meets, or null.
	var target: Avatar = null
