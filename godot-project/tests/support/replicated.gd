extends Node
## A node whose properties travel in the three ways of a [MultiplayerSynchronizer].

## Sent with the spawn only.
var colour: Color = Color.BLACK
## Sent all the time, unreliably.
var place: Vector2 = Vector2.ZERO
## Sent reliably when it changes.
var title: String = ""
