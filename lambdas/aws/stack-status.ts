import { DescribeStacksCommand, type CloudFormationClient } from '@aws-sdk/client-cloudformation';

/**
 * The status of a stack, from DescribeStacks.
 * @param stackId the ARN of the stack: a name is not known any more when its stack is being deleted
 * @throws the client's errors, and Error if the answer has no status
 */
export async function stackStatus(
  cloudFormation: Pick<CloudFormationClient, 'send'>,
  stackId: string,
): Promise<string> {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackId }));
  const status = Stacks?.[0]?.StackStatus;
  if (status === undefined) throw new Error(`CloudFormation does not say which status ${stackId} has`);
  return status;
}
