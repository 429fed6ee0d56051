/** One thing that is wrong with a configuration, and where. */
export interface ConfigProblem {
  /** The setting, as `wake.models.alexa.threshold`. */
  readonly setting: string;
  readonly message: string;
  /** `earshot.yaml:3:5`, `EARSHOT_WEB__PORT`, `--port` or `the request`. */
  readonly where: string;
}

/** A configuration that cannot be used; says everything that is wrong with it, not only the first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ where, message }) => `${where}: ${message}`).join("\n"));
    this.problems = problems;
  }
}
