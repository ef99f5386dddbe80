import type { Graph } from '../graph/graph.ts';
import type { Timeline } from './timeline.ts';

/** The timelines of a model, by what runs: a text that begins as another one does goes on from what that one has read. */
export class Starts {
  private readonly byGraph = new WeakMap<Graph, Set<Timeline>>();

  of(graph: Graph): Set<Timeline> {
    const found = this.byGraph.get(graph) ?? new Set();
    this.byGraph.set(graph, found);
    return found;
  }
}
