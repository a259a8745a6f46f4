// Everything that vmss-upgrade needs in Azure: its roles, an identity with a federated credential, and the assignments.
//
// az deployment sub create --location westeurope --template-file examples/roles/main.bicep \
//   --parameters group=web scaleSet=web subject=repo:ORG/REPO:environment:production
targetScope = 'subscription'

@description('The resource group of the scale set, in which the identity is made as well.')
param group string

@description('The name of the scale set.')
param scaleSet string

@description('The subject of the job\'s token. Case-sensitive. Repositories created, renamed or moved since 15 July 2026 have repo:ORG@ORG-ID/REPO@REPO-ID:environment:production.')
param subject string

@description('The issuer of the job\'s token.')
param issuer string = 'https://token.actions.githubusercontent.com'

@description('The audience of the job\'s token: that of the cloud.')
param audience string = 'api://AzureADTokenExchange'

@description('The name of the identity.')
param identityName string = 'vmss-upgrade'

@description('True for the input suspend-repairs.')
param suspendsRepairs bool = false

@description('True for the input drain-command. The identity can then run anything on the instances, as root.')
param drains bool = false
@description('True for the input surge.')
param surges bool = false
@description('True for a set in mode Rolling.')
param rolls bool = false

var reader = loadJsonContent('reader.json')
var upgrader = loadJsonContent('upgrader.json')
var suspender = loadJsonContent('suspend-repairs.json')
var drainer = loadJsonContent('drain.json')
var surger = loadJsonContent('surge.json')
var roller = loadJsonContent('native.json')
var surgeReader = loadJsonContent('surge-reader.json')
var definitionType = 'Microsoft.Authorization/roleDefinitions'
var readers = surges ? [reader, surgeReader] : [reader]
var opted = concat(suspendsRepairs ? [suspender] : [], drains ? [drainer] : [], surges ? [surger] : [], rolls ? [roller] : [])
var definitions = concat(readers, [upgrader], opted)

resource roles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for definition in definitions: {
    name: guid(subscription().id, definition.Name)
    properties: {
      roleName: definition.Name
      description: definition.Description
      type: 'CustomRole'
      assignableScopes: [subscription().id]
      permissions: [
        {
          actions: definition.Actions
          notActions: []
          dataActions: []
          notDataActions: []
        }
      ]
    }
  }
]

module identity 'identity.bicep' = {
  name: 'vmss-upgrade-identity'
  scope: resourceGroup(group)
  params: {
    identityName: identityName
    scaleSet: scaleSet
    issuer: issuer
    subject: subject
    audience: audience
    roleIds: map(definitions, each => subscriptionResourceId(definitionType, guid(subscription().id, each.Name)))
  }
  dependsOn: [roles]
}

resource readerAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in readers: {
    name: guid(subscription().id, group, identityName, each.Name)
    properties: {
      principalId: identity.outputs.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(definitionType, guid(subscription().id, each.Name))
    }
    dependsOn: [roles]
  }
]

@description('For the input client-id.')
output clientId string = identity.outputs.clientId

@description('For the input tenant-id.')
output tenantId string = tenant().tenantId

@description('For the input scale-set.')
output scaleSetId string = identity.outputs.scaleSetId
