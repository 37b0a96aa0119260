/**
 * How many of an account's concurrent executions of Lambda must stay unreserved: 100, and all of them in an
 * account that has fewer. (Lambda, "Configuring reserved concurrency for a function")
 */
export const keptUnreserved = (limit: number): number => Math.min(100, limit);
