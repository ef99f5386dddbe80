/** A template as a tree. Every node knows its line, for errors. */
import type { Value } from './values.ts';

export type Expr = { readonly line: number } & (
  | { readonly type: 'literal'; readonly value: Value }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list' | 'tuple'; readonly items: readonly Expr[] }
  | { readonly type: 'dict'; readonly pairs: readonly (readonly [key: Expr, value: Expr])[] }
  | { readonly type: 'attribute'; readonly of: Expr; readonly name: string }
  | { readonly type: 'item'; readonly of: Expr; readonly key: Expr }
  | { readonly type: 'slice'; readonly of: Expr; readonly start?: Expr; readonly stop?: Expr; readonly step?: Expr }
  | { readonly type: 'call'; readonly of: Expr; readonly args: CallArgs }
  | { readonly type: 'filter' | 'test'; readonly of: Expr; readonly name: string; readonly args: CallArgs }
  | { readonly type: 'unary'; readonly op: 'not' | '-' | '+'; readonly of: Expr }
  | { readonly type: 'binary'; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly type: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly type: 'compare'; readonly first: Expr; readonly rest: readonly (readonly [op: string, right: Expr])[] }
  | { readonly type: 'choice'; readonly condition: Expr; readonly then: Expr; readonly otherwise?: Expr }
);

/** `of(args)`. */
export type Call = Extract<Expr, { readonly type: 'call' }>;

export interface CallArgs {
  readonly positional: readonly { readonly value: Expr; readonly spread: boolean }[];
  /** A named argument without a name spreads a dictionary: `**kwargs`. */
  readonly named: readonly { readonly name?: string; readonly value: Expr }[];
}

/** Where an assignment goes: a name, a field of a namespace, or several of these. */
export type Target =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'field'; readonly of: string; readonly name: string }
  | { readonly type: 'tuple'; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly fallback?: Expr;
}

export interface FilterStep {
  readonly name: string;
  readonly args: CallArgs;
  readonly line: number;
}

export interface ForLoop {
  readonly type: 'for';
  readonly target: Target;
  readonly over: Expr;
  readonly condition?: Expr;
  readonly body: Body;
  readonly otherwise: Body;
}

export type Stmt = { readonly line: number } & (
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'output'; readonly value: Expr }
  | { readonly type: 'if'; readonly condition: Expr; readonly body: Body; readonly otherwise: Body }
  | ForLoop
  | { readonly type: 'set'; readonly target: Target; readonly value: Expr }
  | { readonly type: 'capture'; readonly target: Target; readonly body: Body }
  | { readonly type: 'filtered'; readonly filters: readonly FilterStep[]; readonly body: Body }
  | { readonly type: 'macro'; readonly name: string; readonly parameters: readonly Parameter[]; readonly body: Body }
  | { readonly type: 'callblock'; readonly call: Call; readonly parameters: readonly Parameter[]; readonly body: Body }
  | { readonly type: 'break' | 'continue' }
);

export type Body = readonly Stmt[];
