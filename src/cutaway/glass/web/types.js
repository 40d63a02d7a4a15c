// The shapes of what page and run say to each other; see PROTOCOL.md. Types alone, nothing runs here.

/**
 * @typedef {"op" | "layer" | "batch" | "epoch"} UnitName
 * @typedef {{ slot: number } | { name: string } | { board: number }} What
 *
 * @typedef {object} Model what carries the messages, as in anywidget
 * @property {(command: any, callbacks?: any, buffers?: any[]) => void} send
 * @property {(event: string, handler: (...a: any[]) => void) => void} on
 * @property {(event: string, handler: (...a: any[]) => void) => void} off
 * @property {(name: string) => any} get
 *
 * @typedef {object} Session
 * @property {{ name: string, examples: number, batch_size: number, batches_per_epoch: number, seed: number, parameters: number,
 *   network: string, loss: string, optimizer: string, metrics: string[], notes: string[], data: boolean, classes: any }} run
 * @property {{ shape: [number, number], classes: string[] | null } | null} board
 * @property {{ shape: number[], classes: string[] | null, known: number } | null} [sight]
 * @property {string[]} [knobs] names of the single numbers of the optimizer that can be turned
 * @property {string[]} abilities
 *
 * @typedef {object} Step
 * @property {string} op
 * @property {string} label
 * @property {string} phase
 * @property {string} layer
 * @property {number[]} inputs
 * @property {number} output
 * @property {Record<string, any>} attrs
 * @property {string} title
 * @property {string} question
 * @property {boolean} opens
 *
 * @typedef {object} Slot
 * @property {string} name
 * @property {string} role
 * @property {number[]} shape
 * @property {string} dtype
 * @property {number} made the index of the step that fills it, -1 for what is there before
 * @property {string | null} of the parameter it belongs to
 * @property {[number, number] | null} tile its rows are pictures of this shape
 * @property {string[]} sides what its sides count
 *
 * @typedef {object} Program
 * @property {any} program its id
 * @property {Step[]} steps
 * @property {Record<string, Slot>} slots
 * @property {{ path: string, kind: string, slot: number }[]} layers
 * @property {Record<string, number>} results
 * @property {Record<string, number>} gradients
 * @property {Record<string, number>} carry
 * @property {Record<string, number>} state
 * @property {Record<string, number>} inputs
 *
 * @typedef {{ id?: any, expression?: string, text: string, batch: number, op: number }} Hit
 *
 * @typedef {object} Frame
 * @property {number} turn
 * @property {boolean} pull
 * @property {number} wait
 * @property {boolean} playing
 * @property {UnitName} unit
 * @property {number | null} speed
 * @property {any} branch
 * @property {any} program
 * @property {number} batch
 * @property {number} op
 * @property {number} step
 * @property {number} epoch
 * @property {number} of_epoch
 * @property {string} title
 * @property {string} place
 * @property {number} loss
 * @property {Record<string, number>} metrics
 * @property {number} rate
 * @property {number} earliest
 * @property {Hit[]} hits
 * @property {boolean} changed
 * @property {{ branch: any, from: number, columns: string[] }} [curve]
 *
 * @typedef {object} Branch
 * @property {any} id
 * @property {string} name
 * @property {any} parent
 * @property {number} batch
 * @property {number} op
 * @property {{ batch: number, op: number }} now
 * @property {{ batch: number, op: number, name: string, index: number[] | null, value: number }[]} edits
 *
 * @typedef {object} Stats
 * @property {number} size
 * @property {number} min
 * @property {number} max
 * @property {number} mean
 * @property {number} std
 * @property {number} zeros
 * @property {number} nan
 * @property {number} inf
 * @property {number} low
 * @property {number} high
 *
 * @typedef {object} Overview
 * @property {string} view
 * @property {number} rows
 * @property {number} cols
 * @property {[number, number]} block
 * @property {number} [from]
 * @property {number} [count]
 * @property {number} [total]
 * @property {number} [scale]
 *
 * @typedef {object} ArrayMessage
 * @property {string} key
 * @property {What} what
 * @property {string} name
 * @property {string} role
 * @property {number[]} shape
 * @property {string} dtype
 * @property {boolean} known
 * @property {number} [made]
 * @property {number[]} lead
 * @property {[number, number]} matrix
 * @property {number[]} leads
 * @property {[number, number] | null} tile
 * @property {number} limit
 * @property {Overview} [overview]
 * @property {{ row: number, col: number, rows: number, cols: number, tile?: number }} [window]
 * @property {Stats} [stats]
 * @property {Record<string, Numbers>} data its buffers by name, put here by the page
 *
 * @typedef {Float32Array | Int8Array | Uint8Array | Int32Array} Numbers
 *
 * @typedef {object} Look what a view asks for
 * @property {string} key
 * @property {What} what
 * @property {number[]} [lead]
 * @property {{ rows: number, cols: number, from?: number, count?: number }} [overview]
 * @property {{ row: number, col: number, rows: number, cols: number, tile?: number }} [window]
 * @property {boolean} [stats]
 * @property {string} [view]
 *
 * @typedef {{ name: string, example: number | null, factors: [string, number][], value: number }} Term
 *
 * @typedef {object} Explained
 * @property {string} [moment] when it was asked; put here by the page
 * @property {number} step
 * @property {string} op
 * @property {string} label
 * @property {number[]} at
 * @property {{ analogy: string, formula: string, parts: [string, string][], use: string }} story
 * @property {string[]} numbers
 * @property {string} text
 * @property {{ parts: Term[], more: { count: number, value: number }, total: number }} [terms]
 * @property {{ title: string, numbers: string[] }[]} [inside]
 * @property {{ shape: [number, number], words: string[] }} [pictures]
 * @property {Record<string, Numbers>} data
 *
 * @typedef {object} WhyMessage
 * @property {string} name
 * @property {number[]} index
 * @property {number} batch
 * @property {number} before
 * @property {number} after
 * @property {number} change
 * @property {number} gradient
 * @property {[string, number][]} rule
 * @property {{ row: number, part: number, answer: any, path?: [string, number][] }[] | null} examples
 * @property {{ count: number, part: number }} [others]
 * @property {string} text
 * @property {Record<string, Numbers>} data
 * @property {{ name: string, dtype: string, shape: number[] }[]} [buffers]
 *
 * @typedef {object} SightMessage
 * @property {string} kind
 * @property {{ part: string, row: number }} asked
 * @property {number} done
 * @property {number[]} [shares]
 * @property {number} [answer]
 * @property {number} [truth]
 * @property {number} [size]
 * @property {number} [limit]
 * @property {number} [total]
 * @property {number[]} [order]
 * @property {number} [filter_limit]
 * @property {number[]} [rows]
 * @property {number[]} [alike]
 * @property {any[]} [answers]
 * @property {number} [looked]
 * @property {string} [by]
 * @property {number} [first]
 * @property {number} [last]
 * @property {number} [steps]
 * @property {string} [error]
 * @property {Record<string, Numbers>} data
 * @property {{ name: string, dtype: string, shape: number[] }[]} [buffers]
 *
 * @typedef {{ kind: string, level: string, text: string, advice: string, where: { batch: number, op: number } | null, name: string | null }} HealthItem
 *
 * @typedef {object} PictureNode
 * @property {string} id
 * @property {string | null} parent
 * @property {string} kind
 * @property {string} name
 * @property {string} path
 * @property {string} phase
 * @property {[number, number]} steps
 * @property {number[]} slots
 * @property {string[]} ops
 * @property {number} output
 * @property {number[] | null} shape
 * @property {number} times
 * @property {string[]} weights
 * @property {string | null} mirror
 *
 * @typedef {object} Picture
 * @property {PictureNode[]} nodes
 * @property {{ from: string, to: string, slot: number, shape: number[] }[]} edges
 * @property {Record<string, { slot: number, shape: number[], size: number, trained: boolean, tied: boolean }>} weights
 */

export {};
