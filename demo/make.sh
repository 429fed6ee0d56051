#!/usr/bin/env bash
# Makes the demo audio, the same bytes every time with the same espeak-ng and sox: demo.flac, which plays in a loop where there is no microphone, and
# alexa.wav, which `earshot doctor` scores. A synthesiser speaks: espeak-ng (Debian: espeak-ng sox).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT

# say NAME SPEED TEXT: words a minute; no silence around the words.
say() {
  espeak-ng -v en-gb -s "$2" -w "$parts/spoken.wav" "$3"
  sox -R "$parts/spoken.wav" -r 16000 -b 16 -c 1 "$parts/$1.wav" gain -n -6 \
    silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse
}

# room IN OUT: puts a very soft noise under it. Digital silence before speech is a sound of its own to a wake-word model.
room() {
  local seconds
  seconds=$(soxi -D "$1")
  sox -R -n -r 16000 -b 16 -c 1 "$parts/noise.wav" synth "$seconds" pinknoise gain -n -72
  sox -R -D -m -v 1 "$1" -v 1 "$parts/noise.wav" -r 16000 -b 16 -c 1 "$2"
}

say alexa 150 "alexa"
say weather 150 "what is the weather like today?"
say story 160 "there is no microphone. this is a recording."
say jarvis 150 "hey jarvis"
say lights 150 "turn off the kitchen lights"

sox -R "$parts/alexa.wav" "$parts/one.wav" pad 0.5 0.4
room "$parts/one.wav" alexa.wav

sox -R "$parts/alexa.wav" "$parts/1.wav" pad 2.5 0.5
sox -R "$parts/weather.wav" "$parts/2.wav" pad 0 2.5
sox -R "$parts/story.wav" "$parts/3.wav" pad 0 3
sox -R "$parts/jarvis.wav" "$parts/4.wav" pad 0 0.5
sox -R "$parts/lights.wav" "$parts/5.wav" pad 0 2.5
sox -R "$parts"/[1-5].wav "$parts/all.wav"
room "$parts/all.wav" demo.flac
