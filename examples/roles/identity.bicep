// The part of main.bicep in the resource group of the scale set: the identity, and its roles on the scale set alone.
targetScope = 'resourceGroup'

param identityName string
param scaleSet string
param issuer string
param subject string
param audience string

@description('The ids of the role definitions; the first one is the reader, which main.bicep assigns to the subscription.')
param roleIds string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: identityName
  location: resourceGroup().location
}

resource credential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'vmss-upgrade-${uniqueString(issuer, subject)}' // a deployment for another subject adds one, and replaces none
  properties: {
    issuer: issuer
    subject: subject
    audiences: [audience]
  }
}

resource set 'Microsoft.Compute/virtualMachineScaleSets@2024-07-01' existing = {
  name: scaleSet
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleId in skip(roleIds, 1): {
    name: guid(set.id, identity.id, roleId)
    scope: set
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: roleId
    }
  }
]

output principalId string = identity.properties.principalId
output clientId string = identity.properties.clientId
output scaleSetId string = set.id
