// Builds former.csv (names of former communes) and cedex.csv (what CEDEX codes stand for), after
// communes.csv, which it reads.
//
//   npm ci && npm run fetch && npm run build
//
// Where the data comes from and under which licence: ../LICENCES.md.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { OVERSEAS, apart, department, fold, postalLines, push } from './sources.mjs'

const require = createRequire(import.meta.url)
const now = require('@etalab/decoupage-administratif/data/communes.json')
const editions = [require('cog-2019/data/communes.json'), require('cog-2020/data/communes.json'), now]

const communes = new Map(
  readFileSync(new URL('communes.csv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [code, name, postcodes, population, lat, lon] = line.split(',')
      const serving = postcodes.split(' ').filter(Boolean)
      return [code, { code, name, postcodes: serving, population: +population, lat: +lat, lon: +lon }]
    }),
)
// Only Paris, Lyon and Marseille as a whole have no postcodes of their own, and the arrondissements
// are numbered from these INSEE codes on.
const WHOLE = { Paris: ['75056', 75100, 20], Lyon: ['69123', 69380, 9], Marseille: ['13055', 13200, 16] }
const arrondissement = (town, number) => String(WHOLE[town][1] + number)

const byDepartment = new Map()
for (const commune of communes.values()) push(byDepartment, department(commune.code), commune)

// Every ordinary place of GeoNames' postal codes, by postcode.
const places = new Map()
const cedexes = []
for (const line of postalLines()) {
  const { postal_code, city, latitude: lat, longitude: lon, accuracy, country_code } = line
  const [code, suffix, number] = postal_code.split(' ')
  if (suffix === 'CEDEX') cedexes.push({ code, label: city, number: Number(number ?? 0), lat, lon, country: country_code })
  else if (accuracy >= 4) push(places, code, { name: fold(city), lat, lon })
}

// 1. Former communes: delegated and associated ones of any edition, communes that were merged or
// renamed, each with the commune that has its territory today.
const successors = new Map()
for (const { code, anciensCodes } of now) for (const former of anciensCodes ?? []) successors.set(former, code)
for (const edition of editions) {
  for (const { code, chefLieu, communeAbsorbante } of edition) {
    const target = chefLieu ?? communeAbsorbante
    if (target && target !== code && !successors.has(code)) successors.set(code, target)
  }
}
function today(code, steps = 5) {
  if (communes.has(code)) return communes.get(code)
  return steps > 0 && successors.has(code) ? today(successors.get(code), steps - 1) : undefined
}

const former = new Map()
const lost = new Set()
for (const edition of editions) {
  for (const { code, nom, type, chefLieu } of edition) {
    if (type === 'ancien-code' || /^98[49]/.test(code)) continue
    const commune = today(communes.has(code) && chefLieu ? chefLieu : code)
    if (!commune) {
      lost.add(`${code} ${nom}`)
      continue
    }
    const name = fold(nom)
    if (name !== fold(commune.name)) former.set(`${commune.code},${name}`, { commune, name: nom })
  }
}

// The place of that name in one of the commune's postcodes, where there is only one and no other
// commune of the postcode bears the name.
function ownPosition({ commune, name }) {
  const folded = fold(name)
  const found = commune.postcodes.flatMap((postcode) => (places.get(postcode) ?? []).filter((place) => place.name === folded))
  const namesake = byDepartment
    .get(department(commune.code))
    .some((other) => fold(other.name) === folded && other.postcodes.some((postcode) => commune.postcodes.includes(postcode)))
  if (found.length === 0 || namesake || apart(found[0], commune) > 30) return undefined
  return found.every((place) => apart(place, found[0]) < 3) ? found[0] : undefined
}

const formerLines = [...former.values()]
  .map((line) => {
    if (/[",\n]/.test(line.name)) throw new Error(`name needs quoting: ${line.name}`)
    const position = ownPosition(line)
    const [lat, lon] = position ? [position.lat.toFixed(4), position.lon.toFixed(4)] : ['', '']
    return [line.commune.code, line.name, lat, lon].join(',')
  })
  .sort()
writeFileSync(new URL('former.csv', import.meta.url), ['insee,name,lat,lon', ...formerLines, ''].join('\n'))
const placed = formerLines.filter((line) => !line.endsWith(',')).length
console.log(`${formerLines.length} former names, ${placed} with a position; no successor known:`, [...lost].join(', '))

// 2. CEDEX codes: runs of codes with one label, with the commune or arrondissement that the label
// names, or else the one nearest to the label's position.
const formerOf = new Map()
for (const { commune, name } of former.values()) push(formerOf, department(commune.code) + fold(name), commune)

// Labels whose nearest commune is not the one they lie in: facts, entered by hand. The position stays
// the label's.
const LIES_IN = {
  Jarry: '97103',
  'La Plaine-Saint-Denis': '93066',
  'La Source': '45234',
  Montfavet: '84007',
  'Orly aérogare': '94054',
  'Sophia Antipolis': '06152',
}

function territories({ code, country }) {
  if (OVERSEAS[country]) return [OVERSEAS[country]]
  if (code.startsWith('20')) return ['2A', '2B']
  return [/^9[78]/.test(code) ? code.slice(0, 3) : code.slice(0, 2)]
}

function resolve(cedex) {
  const around = territories(cedex)
  const label = fold(cedex.label)
  const [, town, inLabel] = /^(Paris|Lyon|Marseille)(?: (\d+))?$/.exec(cedex.label) ?? []
  if (town) {
    const number = Number(inLabel ?? cedex.number)
    const isOne = number >= 1 && number <= WHOLE[town][2]
    return { insee: isOne ? arrondissement(town, number) : WHOLE[town][0], by: isOne ? 'arrondissement' : 'name' }
  }
  const all = around.flatMap((code) => byDepartment.get(code) ?? [])
  const named = all.filter((commune) => fold(commune.name) === label)
  if (named.length === 1) return { insee: named[0].code, by: 'name' }
  const before = around.flatMap((code) => formerOf.get(code + label) ?? [])
  if (named.length === 0 && before.length === 1) return { insee: before[0].code, by: 'former' }
  if (LIES_IN[cedex.label]) return { insee: LIES_IN[cedex.label], by: 'hand' }
  const nearest = all.reduce((best, one) => (apart(one, cedex) < apart(best, cedex) ? one : best))
  return { insee: nearest.code, by: named.length > 1 || before.length > 1 ? 'namesakes' : 'nearest' }
}

const runs = []
const counts = {}
const unnamed = new Map()
for (const cedex of cedexes.sort((a, b) => (a.code < b.code ? -1 : 1))) {
  const { insee, by } = resolve(cedex)
  counts[by] = (counts[by] ?? 0) + 1
  const isNamed = !['nearest', 'namesakes', 'hand'].includes(by)
  if (!isNamed) unnamed.set(`${cedex.label} ${cedex.code.slice(0, 2)} -> ${communes.get(insee).name}`, apart(communes.get(insee), cedex))
  // What the label names lies where the commune does; anything else where the label does.
  const [lat, lon] = isNamed ? ['', ''] : [cedex.lat.toFixed(4), cedex.lon.toFixed(4)]
  if (/[",\n]/.test(cedex.label)) throw new Error(`label needs quoting: ${cedex.label}`)
  const what = [cedex.label, insee, lat, lon].join(',')
  const last = runs.at(-1)
  if (last?.what === what && Number(last.to) + 1 === Number(cedex.code)) last.to = cedex.code
  else runs.push({ from: cedex.code, to: cedex.code, what })
}
writeFileSync(
  new URL('cedex.csv', import.meta.url),
  ['from,to,label,insee,lat,lon', ...runs.map(({ from, to, what }) => `${from},${to},${what}`), ''].join('\n'),
)
console.log(`${cedexes.length} CEDEX codes in ${runs.length} runs, the commune by`, counts)
console.log('labels that name no commune:', [...unnamed].map(([label, km]) => `${label} (${km.toFixed(1)} km)`).join('; '))
