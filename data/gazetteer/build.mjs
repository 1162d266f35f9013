// Builds communes.csv: every current French commune and municipal arrondissement with its INSEE
// code, name, postcodes, population and a position.
//
//   npm ci && npm run fetch && npm run build
//
// Where the data comes from, under which licence and how good it is: ../LICENCES.md.
//
// A commune that GeoNames does not know takes the mean of its neighbours' positions, from the closest
// circle that has any; the last column says which:
//   c commune, p communes or places that share a postcode, e intercommunality (EPCI), a arrondissement of the
//   département, d département.

import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { apart, department, finder, fold } from './sources.mjs'

const require = createRequire(import.meta.url)
const all = require('@etalab/decoupage-administratif/data/communes.json')
const epcis = require('@etalab/decoupage-administratif/data/epci.json')

// Nobody lives in the Southern Lands and on Clipperton.
const SKIPPED = new Set(['984', '989'])

const communes = all.filter(
  (c) =>
    (c.type === 'commune-actuelle' || c.type === 'arrondissement-municipal') &&
    !SKIPPED.has(department(c.code)),
)

// 1. Positions of their own. A merged commune keeps the code of its seat, whose older name GeoNames
// may still use.
const seats = new Map(all.filter((c) => c.type === 'commune-deleguee' || c.type === 'commune-associee').map((c) => [c.code, c.nom]))
const sharing = new Map()
for (const commune of communes) {
  for (const postcode of commune.codesPostaux ?? []) {
    sharing.set(postcode, [...(sharing.get(postcode) ?? []), commune])
  }
}
const find = finder(
  (name, postcode) => sharing.get(postcode)?.some((commune) => fold(commune.nom) === name),
  (postcode) => sharing.get(postcode)?.length === 1,
)
const [known, middles, sources] = [new Map(), new Map(), {}]
for (const commune of communes) {
  const names = [commune.nom, ...(seats.has(commune.code) ? [seats.get(commune.code)] : [])]
  const { by, position, middle } = find(commune.code, names, commune.codesPostaux ?? [])
  sources[by] = (sources[by] ?? 0) + 1
  if (position) known.set(commune.code, position)
  if (middle) middles.set(commune.code, middle)
}

// A mainland position more than fifteen kilometres from every neighbour of its postcode is taken for a
// namesake's and not used.
const strays = communes.filter(({ code, codesPostaux }) => {
  if (!known.has(code) || department(code).length > 2) return false
  const around = new Set((codesPostaux ?? []).flatMap((postcode) => sharing.get(postcode)))
  const others = [...around].filter((other) => other.code !== code && known.has(other.code))
  return others.length > 0 && others.every((other) => apart(known.get(code), known.get(other.code)) > 15)
})
for (const { code } of strays) known.delete(code)

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
    if (precision !== 'p' && !known.has(commune.code) && middles.has(commune.code)) {
      ;[precision, position] = ['p', middles.get(commune.code)]
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
console.log(`${lines.length} communes`, counts, 'found by', sources)
console.log('strays:', strays.map(({ code, nom }) => `${code} ${nom}`).join(', '))
