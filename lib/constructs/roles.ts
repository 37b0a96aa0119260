import { Aspects, type IAspect } from 'aws-cdk-lib';
import { CfnRole, ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import type { StageConfig } from '../config/stages.ts';

class RolePath implements IAspect {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  visit(node: IConstruct): void {
    if (node instanceof CfnRole) node.path = this.#path;
  }
}

/** Puts every role, those of the CDK's own helpers included, under the account's boundary and path. */
export function confineRoles(
  scope: Construct,
  { permissionsBoundaryArn, rolePath }: Pick<StageConfig, 'permissionsBoundaryArn' | 'rolePath'>,
): void {
  if (permissionsBoundaryArn !== undefined) {
    PermissionsBoundary.of(scope).apply(
      ManagedPolicy.fromManagedPolicyArn(scope, 'Boundary', permissionsBoundaryArn),
    );
  }
  if (rolePath !== undefined) Aspects.of(scope).add(new RolePath(rolePath));
}
