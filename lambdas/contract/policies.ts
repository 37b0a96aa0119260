/** Values of hosting policies. Apart from the shapes, so that functions need not carry those for it. */

/** As `Date.getUTCDay` counts. */
export const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
export const scheduleActions = ['START_AND_STOP', 'START', 'STOP', 'NONE'] as const;
export const budgetActions = ['REFUSE', 'STOP'] as const;
export const policySources = ['MODEL', 'PROJECT', 'STAGE'] as const;
