// Everything here makes the pages pleasanter; nothing here is needed to use them.
import "./trail.js";
import "./toasts.js";
import "./controls.js";
import "./keep_place.js";
import "./shortcuts.js";
import "./composer.js";
import "./endless.js";
import "./live.js";
import "./reading.js";
import "./thread.js";
import "./tune.js";
